#include "resources/ssl.h"

#include "json/parse.h"
#include "resources/kinds.h"
#include "resources/unserved.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPem(128, 'p');

// With `cert`, `key` and what is given beside them.
json::Value ssl(std::string_view members) {
  return json::parse(R"({"cert":")" + kPem + R"(","key":")" + kPem + "\"" + std::string(members) + "}").value();
}

std::string verdict(std::string_view members) {
  Status status = check(Kind::kSsl, ssl(members));
  return status ? "ok" : status.error().what;
}

Ssl parsed(std::string_view members) {
  json::Value value = ssl(members);
  schema(Kind::kSsl).fill_defaults(value);
  return ssl_from(value);
}

TEST(Ssl, StaplesWhereThatIsEnabled) {
  EXPECT_FALSE(parsed(R"(,"sni":"a.example","ocsp_stapling":{})").ocsp_stapling);
  auto usual = parsed(R"(,"sni":"a.example","ocsp_stapling":{"enabled":true})").ocsp_stapling;
  EXPECT_EQ(usual, (Ssl::OcspStapling{false, 3600, ""}));
  auto own = parsed(R"(,"sni":"a.example","ocsp_stapling":{"enabled":true,"skip_verify":true,"cache_ttl":60,
                        "responder_url":"http://ocsp.example/a"})")
                 .ocsp_stapling;
  EXPECT_EQ(own, (Ssl::OcspStapling{true, 60, "http://ocsp.example/a"}));
  EXPECT_THAT(verdict(R"(,"sni":"a.example","ocsp_stapling":{"cache_ttl":59})"), HasSubstr("cache_ttl"));
  EXPECT_THAT(verdict(R"(,"sni":"a.example","ocsp_stapling":{"responder_url":"https://a"})"),
              HasSubstr("responder_url"));
}

TEST(SslSchema, AServersCertificateHasANameOrSeveral) {
  EXPECT_EQ(verdict(R"(,"sni":"a.example")"), "ok");
  EXPECT_EQ(verdict(R"(,"snis":["a.example","*.example"],"labels":{"a":"b"},"status":0)"), "ok");
  EXPECT_EQ(verdict(R"(,"type":"client")"), "ok");
  EXPECT_THAT(verdict(""), HasSubstr("then clause did not match"));
  EXPECT_THAT(verdict(R"(,"sni":"a.example","snis":["b.example"])"), HasSubstr("then clause did not match"));
  EXPECT_THAT(verdict(R"(,"sni":"a b")"), HasSubstr("\"sni\" validation failed"));
}

TEST(SslSchema, FurtherCertificatesComeWithTheirKeys) {
  EXPECT_EQ(verdict(R"(,"sni":"a","certs":[")" + kPem + R"("],"keys":[")" + kPem + "\"]"), "ok");
  EXPECT_EQ(verdict(R"(,"sni":"a","certs":[")" + kPem + "\"]"), "mismatched number of 'certs' and 'keys'");
}

TEST(SslSchema, ProtocolsAreThoseOfTls) {
  EXPECT_EQ(verdict(R"(,"sni":"a","ssl_protocols":["TLSv1.2","TLSv1.3"])"), "ok");
  EXPECT_THAT(verdict(R"(,"sni":"a","ssl_protocols":["SSLv3"])"), HasSubstr("ssl_protocols"));
  EXPECT_THAT(unserved_members(Kind::kSsl, ssl(R"(,"sni":"a","ssl_protocols":["TLSv1.1","TLSv1.2"])")),
              ElementsAre(HasSubstr("TLSv1.1")));
  EXPECT_THAT(unserved_members(Kind::kSsl, ssl(R"(,"sni":"a")")), IsEmpty());
}

TEST(Ssl, IsReadWithItsDefaults) {
  Ssl plain = parsed(R"(,"sni":"a.example")");
  EXPECT_THAT(plain.names, ElementsAre("a.example"));
  EXPECT_EQ(plain.type, SslType::kServer);
  EXPECT_TRUE(plain.enabled);
  EXPECT_EQ(plain.pairs.size(), 1u);
  EXPECT_FALSE(plain.client);
  Ssl asking = parsed(R"(,"sni":"a","status":0,"client":{"ca":")" + kPem + R"(","skip_mtls_uri_regex":["^/a"]})");
  EXPECT_FALSE(asking.enabled);
  ASSERT_TRUE(asking.client);
  EXPECT_EQ(asking.client->depth, 1);
  EXPECT_THAT(asking.client->skip_mtls_uri_regex, ElementsAre("^/a"));
}

TEST(Ssl, IsShownWithoutItsKeys) {
  json::Value shown = without_private_keys(Kind::kSsl, ssl(R"(,"sni":"a","certs":[],"keys":[])"));
  EXPECT_TRUE(shown.find("cert"));
  EXPECT_TRUE(shown.find("certs"));
  EXPECT_FALSE(shown.find("key"));
  EXPECT_FALSE(shown.find("keys"));
}

TEST(Ssl, UpstreamsAreShownWithoutTheirKeysToo) {
  auto upstream = json::parse(R"({"tls":{"client_cert":"c","client_key":"k"}})").value();
  auto route = json::parse(R"({"upstream":{"tls":{"client_cert":"c","client_key":"k"}}})").value();
  EXPECT_EQ(without_private_keys(Kind::kUpstream, upstream), json::parse(R"({"tls":{"client_cert":"c"}})").value());
  EXPECT_EQ(without_private_keys(Kind::kRoute, route),
            json::parse(R"({"upstream":{"tls":{"client_cert":"c"}}})").value());
  EXPECT_FALSE(has_private_keys(Kind::kRoute, json::parse(R"({"upstream":{"tls":{}}})").value()));
}

}  // namespace
}  // namespace sallyport::resources
