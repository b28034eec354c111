#include "tls/certificate.h"

#include "tls/test_certificates_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::tls {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string problem_of(const std::string& certificate, const std::string& key) {
  auto pair = KeyPair::parse(certificate, key);
  return pair ? "none" : pair.error().what;
}

TEST(KeyPair, TakesACertificateWithThoseThatVouchForIt) {
  TestCertificate authority({.name = "authority", .is_authority = true});
  TestCertificate own({.name = "a.example"}, &authority);
  auto pair = KeyPair::parse(own.pem() + authority.pem(), own.key_pem());
  ASSERT_TRUE(pair) << pair.error().what;
  EXPECT_EQ(subject_text(*pair->certificate), "CN=a.example");
  EXPECT_EQ(issuer_text(*pair->certificate), "CN=authority");
  EXPECT_EQ(sk_X509_num(pair->chain.get()), 1);
}

TEST(KeyPair, SaysWhatIsWrongWithTheTexts) {
  TestCertificate one({}), other({});
  EXPECT_THAT(problem_of("no certificate", one.key_pem()), HasSubstr("failed to parse cert: there is no"));
  EXPECT_THAT(problem_of(one.pem().substr(0, 200), one.key_pem()), HasSubstr("failed to parse cert: "));
  EXPECT_THAT(problem_of(one.pem(), "no key"), HasSubstr("failed to parse key: "));
  EXPECT_THAT(problem_of(one.pem(), other.key_pem()), HasSubstr("the key does not belong to the certificate"));
}

TEST(KeyPair, RefusesAKeyThatWantsAPassphrase) {
  TestCertificate one({});
  BioPtr out(BIO_new(BIO_s_mem()));
  char secret[] = "secret";
  PEM_write_bio_PrivateKey(out.get(), &one.key(), EVP_aes_128_cbc(), nullptr, 0, nullptr, secret);
  EXPECT_THAT(problem_of(one.pem(), text_of(*out)), HasSubstr("without passphrase"));
}

TEST(Certificate, TellsTheFirstAlternativeNameOfAKind) {
  TestCertificate named({.is_authority = true,
                         .more_name = "subjectAltName",
                         .more = "URI:spiffe://one,DNS:b.example,DNS:c.example,URI:spiffe://two"});
  EXPECT_EQ(dns_name_text(named.certificate()), "b.example");
  EXPECT_EQ(uri_text(named.certificate()), "spiffe://one");
  TestCertificate usual({});
  EXPECT_EQ(dns_name_text(usual.certificate()), "a.example");
  EXPECT_EQ(uri_text(usual.certificate()), "");
  EXPECT_EQ(dns_name_text(TestCertificate({.is_authority = true}).certificate()), "");
}

TEST(Certificate, HasDigestsInHexDigits) {
  TestCertificate one({});
  EXPECT_EQ(fingerprint_text(one.certificate()).size(), 40u);
  EXPECT_EQ(sha256_text(one.certificate()).size(), 64u);
}

TEST(Certificate, TellsWhenItIsNotValid) {
  WallTime now = std::chrono::system_clock::now();
  EXPECT_THAT(fault_of_time(TestCertificate({}).certificate(), now), IsEmpty());
  EXPECT_THAT(fault_of_time(TestCertificate({.from = -7200, .until = -60}).certificate(), now),
              HasSubstr("expired on"));
  EXPECT_THAT(fault_of_time(TestCertificate({.from = 60}).certificate(), now), HasSubstr("is not valid before"));
}

}  // namespace
}  // namespace sallyport::tls
