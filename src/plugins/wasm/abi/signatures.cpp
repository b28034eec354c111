// Digital signatures for guests, by OpenSSL.

#include "plugins/wasm/abi/foreign.h"
#include "plugins/wasm/abi/protobuf.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>

namespace sallyport::wasm::abi {
namespace {

// As much as is hashed in a few milliseconds.
constexpr std::size_t kMost = 4u << 20;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Hashing = std::unique_ptr<EVP_MD_CTX, Free>;

// What both messages have, under numbers of their own.
struct Request {
  std::string_view hash;
  std::string_view der;
  std::string_view pem;
  std::string_view text;
  std::string_view signature;
};

struct Numbers {
  std::uint32_t der;
  std::uint32_t pem;
  std::uint32_t text;
  std::uint32_t signature;
};
constexpr Numbers kOfVerify{.der = 2, .pem = 5, .text = 4, .signature = 3};
constexpr Numbers kOfSign{.der = 2, .pem = 4, .text = 3, .signature = 0};

std::optional<Request> read(std::string_view message, const Numbers& numbers) {
  if (message.size() > kMost) return std::nullopt;
  Request request;
  ProtobufReader reader(message);
  while (auto field = reader.next()) {
    if (field->number == 1) request.hash = field->bytes;
    if (field->number == numbers.der) request.der = field->bytes;
    if (field->number == numbers.pem) request.pem = field->bytes;
    if (field->number == numbers.text) request.text = field->bytes;
    if (field->number == numbers.signature) request.signature = field->bytes;
  }
  if (!reader.is_complete() || request.der.empty() == request.pem.empty()) return std::nullopt;
  return request;
}

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

std::unique_ptr<BIO, Free> reading(std::string_view text) {
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A password would be asked for at the terminal.
int no_password(char*, int, int, void*) { return -1; }

Key public_key(const Request& request) {
  if (!request.pem.empty()) return Key(PEM_read_bio_PUBKEY(reading(request.pem).get(), nullptr, no_password, nullptr));
  const std::uint8_t* at = bytes_of(request.der);
  return Key(d2i_PUBKEY(nullptr, &at, static_cast<long>(request.der.size())));
}

Key private_key(const Request& request) {
  if (!request.pem.empty()) {
    return Key(PEM_read_bio_PrivateKey(reading(request.pem).get(), nullptr, no_password, nullptr));
  }
  const std::uint8_t* at = bytes_of(request.der);
  return Key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(request.der.size())));
}

const EVP_MD* hash_of(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  constexpr std::array kKnown{"sha1", "sha224", "sha256", "sha384", "sha512"};
  return std::ranges::find(kKnown, lower) == kKnown.end() ? nullptr : EVP_get_digestbyname(lower.c_str());
}

// Why there is no signature, or not this one; empty: there is.
std::string verify(const Request& request, EVP_PKEY* key) {
  const EVP_MD* hash = hash_of(request.hash);
  if (!hash) return std::string(request.hash) + " is not supported.";
  Hashing hashing(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(hashing.get(), nullptr, hash, nullptr, key) != 1)
    return "Failed to initialize digest verify.";
  int outcome = EVP_DigestVerify(hashing.get(), bytes_of(request.signature), request.signature.size(),
                                 bytes_of(request.text), request.text.size());
  return outcome == 1 ? "" : "Failed to verify digital signature.";
}

std::string make_signature(const Request& request, EVP_PKEY* key, std::string& signature) {
  const EVP_MD* hash = hash_of(request.hash);
  if (!hash) return std::string(request.hash) + " is not supported.";
  Hashing hashing(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(hashing.get(), nullptr, hash, nullptr, key) != 1) return "Failed to initialize digest sign.";
  std::size_t size = 0;
  const auto sign_into = [&](std::uint8_t* at) {
    return EVP_DigestSign(hashing.get(), at, &size, bytes_of(request.text), request.text.size()) == 1;
  };
  if (!sign_into(nullptr)) return "Failed to create digital signature.";
  signature.resize(size);
  if (!sign_into(reinterpret_cast<std::uint8_t*>(signature.data()))) return "Failed to create digital signature.";
  signature.resize(size);
  return "";
}

}  // namespace

Status verify_signature(Vm&, std::string_view argument, std::string& result) {
  auto request = read(argument, kOfVerify);
  if (!request) return Status::kBadArgument;
  Key key = public_key(*request);
  if (!key) return Status::kBadArgument;
  std::string error = verify(*request, key.get());
  append_protobuf_bool(result, 1, error.empty());
  append_protobuf_bytes(result, 2, error);
  return Status::kOk;
}

Status sign(Vm&, std::string_view argument, std::string& result) {
  auto request = read(argument, kOfSign);
  if (!request) return Status::kBadArgument;
  Key key = private_key(*request);
  if (!key) return Status::kBadArgument;
  std::string signature;
  std::string error = make_signature(*request, key.get(), signature);
  append_protobuf_bool(result, 1, error.empty());
  if (error.empty()) append_protobuf_bytes(result, 2, signature);
  append_protobuf_bytes(result, 3, error);
  return Status::kOk;
}

}  // namespace sallyport::wasm::abi
