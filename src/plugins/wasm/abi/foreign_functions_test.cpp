// Functions that guests call by name: compression, signatures, Envoy's state of a stream.

#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/abi/protobuf.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <zlib.h>

#include <memory>

namespace sallyport::wasm::abi {
namespace {

using namespace std::string_view_literals;

class ForeignFunctions : public AbiFixture {
 protected:
  // The result's text stands at 16.
  GuestImage foreign(std::string_view name, std::string_view argument) {
    PluginRun run(
        plugin(call_module("proxy_call_foreign_function", numbers(100, name.size(), 200, argument.size(), 16, 20),
                           data(100, name) + data(200, argument))));
    return call(run);
  }
};

TEST_F(ForeignFunctions, WhatIsCompressedCanBeUncompressed) {
  const std::string text(1000, 'a');
  GuestImage packed = foreign("compress", text);
  EXPECT_EQ(packed.status(), Status::kOk);
  EXPECT_LT(packed.text(16).size(), 50u);
  GuestImage unpacked = foreign("uncompress", packed.text(16));
  EXPECT_EQ(unpacked.status(), Status::kOk);
  EXPECT_EQ(unpacked.text(16), text);
}

TEST_F(ForeignFunctions, WhatIsNotCompressedIsRefused) {
  EXPECT_EQ(foreign("uncompress", "no zlib").status(), Status::kSerializationFailure);
  EXPECT_EQ(foreign("uncompress", "").status(), Status::kSerializationFailure);
  const std::string half(foreign("compress", std::string(1000, 'a')).text(16).substr(0, 10));
  EXPECT_EQ(foreign("uncompress", half).status(), Status::kSerializationFailure);
}

TEST_F(ForeignFunctions, WhatWouldBeTooLargeIsRefused) {
  const std::string large((4u << 20) + 1, '\0');
  uLongf size = compressBound(large.size());
  std::string packed(size, '\0');
  ASSERT_EQ(::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(large.data()),
                       large.size()),
            Z_OK);
  packed.resize(size);
  EXPECT_EQ(foreign("uncompress", packed).status(), Status::kSerializationFailure);
}

class Signatures : public ForeignFunctions {
 protected:
  Signatures() : key_(EVP_RSA_gen(2048), &EVP_PKEY_free) {}

  std::string public_der() const {
    unsigned char* bytes = nullptr;
    int size = i2d_PUBKEY(key_.get(), &bytes);
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
  }
  std::string private_pem() const {
    std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    auto size = static_cast<std::size_t>(BIO_get_mem_data(bio.get(), &text));
    return {text, size};
  }
  static std::string message(std::initializer_list<std::pair<std::uint32_t, std::string_view>> fields) {
    std::string made;
    for (auto [number, bytes] : fields) append_protobuf_bytes(made, number, bytes);
    return made;
  }
  // The fields of a result: whether it holds, and its texts by number.
  static std::pair<bool, std::string> read(std::string_view result, std::uint32_t number) {
    bool holds = false;
    std::string text;
    ProtobufReader reader(result);
    while (auto field = reader.next()) {
      if (field->number == 1) holds = field->value == 1;
      if (field->number == number) text = field->bytes;
    }
    EXPECT_TRUE(reader.is_complete());
    return {holds, text};
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

TEST_F(Signatures, WhatIsSignedVerifies) {
  GuestImage made = foreign("sign", message({{1, "SHA256"}, {4, private_pem()}, {3, "some text"}}));
  ASSERT_EQ(made.status(), Status::kOk);
  auto [signs, signature] = read(made.text(16), 2);
  ASSERT_TRUE(signs);
  auto verified = [&](std::string_view text, std::string_view hash) {
    GuestImage image = foreign("verify_signature", message({{1, hash}, {2, public_der()}, {3, signature}, {4, text}}));
    EXPECT_EQ(image.status(), Status::kOk);
    return read(image.text(16), 2);
  };
  EXPECT_EQ(verified("some text", "sha256"), std::pair(true, std::string()));
  EXPECT_EQ(verified("other text", "sha256"), std::pair(false, std::string("Failed to verify digital signature.")));
  EXPECT_EQ(verified("some text", "sha512").first, false);
  EXPECT_EQ(verified("some text", "md5"), std::pair(false, std::string("md5 is not supported.")));
}

TEST_F(Signatures, WithoutAKeyThatCanBeReadTheArgumentIsBad) {
  EXPECT_EQ(foreign("verify_signature", message({{1, "sha256"}, {3, "s"}, {4, "t"}})).status(), Status::kBadArgument);
  EXPECT_EQ(foreign("verify_signature", message({{1, "sha256"}, {2, "no key"}, {4, "t"}})).status(),
            Status::kBadArgument);
  EXPECT_EQ(foreign("verify_signature", message({{1, "sha256"}, {2, public_der()}, {5, "both"}})).status(),
            Status::kBadArgument);
  EXPECT_EQ(foreign("sign", message({{1, "sha256"}, {4, "-----BEGIN PRIVATE KEY-----"}})).status(),
            Status::kBadArgument);
  EXPECT_EQ(foreign("sign", "\x0a\xff").status(), Status::kBadArgument);
}

TEST_F(ForeignFunctions, EnvoysStateOfAStreamIsAProperty) {
  const std::string_view name = "set_envoy_filter_state";
  const std::string argument = "\x0a\x03key\x12\x05value";
  PluginRun run(plugin(call_module("proxy_call_foreign_function", numbers(100, name.size(), 200, argument.size(), 0, 0),
                                   data(100, name) + data(200, argument))));
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.exchange.property("filter_state\0key"sv), "value");
}

TEST_F(ForeignFunctions, EnvoysStateOfAStreamNeedsAnExchange) {
  const std::string_view name = "set_envoy_filter_state";
  const std::string argument = "\x0a\x03key\x12\x05value";
  auto configured = [&](Status expected) {  // 1 where the answer is that one
    return try_plugin(wat(
        R"((import "env" "proxy_call_foreign_function" (func $call (param i32 i32 i32 i32 i32 i32) (result i32))))",
        data(100, name) + data(200, argument) +
            R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
              (i32.eq (call $call )" +
            numbers(100, name.size(), 200, argument.size(), 0, 0) + ")" + numbers(static_cast<int>(expected)) + "))"));
  };
  EXPECT_TRUE(configured(Status::kNotFound));
  EXPECT_FALSE(configured(Status::kOk));
}

TEST_F(ForeignFunctions, TheRouteIsChosenAgainWhereAPluginAsks) {
  const std::string_view name = "clear_route_cache";
  PluginRun run(
      plugin(call_module("proxy_call_foreign_function", numbers(100, name.size(), 0, 0, 0, 0), data(100, name))));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_TRUE(run.exchange.route_is_outdated);
}

TEST_F(ForeignFunctions, DeclarationsOfPropertiesAreTakenAndDamagedOnesAreNot) {
  EXPECT_EQ(foreign("declare_property", "\x0a\x03key\x10\x01").status(), Status::kOk);
  EXPECT_EQ(foreign("declare_property", "\x0a\x09key").status(), Status::kBadArgument);
  EXPECT_EQ(foreign("set_envoy_filter_state", "\x0a\x09key").status(), Status::kBadArgument);
  EXPECT_EQ(foreign("set_envoy_filter_state", "\x0b").status(), Status::kBadArgument);
}

}  // namespace
}  // namespace sallyport::wasm::abi
