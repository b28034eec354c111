#include "tls/system_authorities.h"

#include "base/temporary_folder_fixture.h"
#include "tls/test_certificates_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

namespace sallyport::tls {
namespace {

// OpenSSL looks at the environment when a context is made and when the file is read.
class SystemAuthorities : public testing::Test {
 protected:
  SystemAuthorities() {
    ::setenv("SSL_CERT_FILE", (folder_.path() + "/none.pem").c_str(), 1);
    ::setenv("SSL_CERT_DIR", folder_.path().c_str(), 1);
  }
  ~SystemAuthorities() override {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
  }

  void put_into_directory(const TestCertificate& authority) {
    const unsigned long hash =
        X509_NAME_hash_ex(X509_get_subject_name(&authority.certificate()), nullptr, nullptr, nullptr);
    folder_.write(fmt::format("{:08x}.0", hash), authority.pem());
  }
  void put_into_file(const std::string& pem) { ::setenv("SSL_CERT_FILE", folder_.write("bundle.pem", pem).c_str(), 1); }

  static SslContextPtr context() {
    SslContextPtr made(SSL_CTX_new(TLS_client_method()));
    trust_system(*made);
    return made;
  }
  static bool trusts(SSL_CTX& context, const TestCertificate& certificate) {
    std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>> verification(X509_STORE_CTX_new());
    X509_STORE_CTX_init(verification.get(), SSL_CTX_get_cert_store(&context), &certificate.certificate(), nullptr);
    return X509_verify_cert(verification.get()) == 1;
  }

  TemporaryFolder folder_;
  TestCertificate authority_{{.name = "An authority", .is_authority = true}};
  TestCertificate other_{{.name = "Another authority", .is_authority = true}};
  TestCertificate leaf_{{.name = "a.example"}, &authority_};
};

TEST_F(SystemAuthorities, AreFoundInTheDirectory) {
  put_into_directory(authority_);
  EXPECT_TRUE(trusts(*context(), leaf_));
}

TEST_F(SystemAuthorities, AreFoundInTheFile) {
  put_into_file(other_.pem() + authority_.pem());
  const auto made = context();
  EXPECT_TRUE(trusts(*made, leaf_));
  EXPECT_TRUE(trusts(*made, leaf_)) << "the second time, too";
}

TEST_F(SystemAuthorities, TheFileIsReadWhenTheDirectoryLacksOne) {
  put_into_directory(authority_);
  put_into_file(other_.pem());
  const auto made = context();
  EXPECT_TRUE(trusts(*made, leaf_));
  TestCertificate more({.name = "b.example"}, &authority_);
  TestCertificate of_the_other({.name = "c.example"}, &other_);
  std::filesystem::rename(folder_.path() + "/bundle.pem", folder_.path() + "/later.pem");
  put_into_file(other_.pem() + authority_.pem());  // had it been read by now, this would come too late
  EXPECT_TRUE(trusts(*made, of_the_other));
  EXPECT_TRUE(trusts(*made, more));
}

TEST_F(SystemAuthorities, OthersAreNotTrusted) {
  put_into_directory(other_);
  put_into_file(other_.pem());
  EXPECT_FALSE(trusts(*context(), leaf_));
}

TEST_F(SystemAuthorities, WithoutAnyNothingIsTrusted) { EXPECT_FALSE(trusts(*context(), leaf_)); }

TEST_F(SystemAuthorities, AFileThatBreaksOffCountsAsFarAsItGoes) {
  put_into_file(authority_.pem() + "-----BEGIN CERTIFICATE-----\nnonsense\n");
  EXPECT_TRUE(trusts(*context(), leaf_));
}

TEST_F(SystemAuthorities, ManyThreadsMayAskAtOnce) {
  put_into_file(other_.pem() + authority_.pem());
  const auto made = context();
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) EXPECT_TRUE(trusts(*made, leaf_));
    });
  }
}

}  // namespace
}  // namespace sallyport::tls
