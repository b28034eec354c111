#include "upstream/tls_peer.h"

#include "tls/test_certificates_fixture.h"
#include "upstream/forbidden_addresses.h"

#include <gmock/gmock.h>

namespace sallyport::upstream {
namespace {

resources::Upstream over_tls() {
  resources::Upstream upstream;
  upstream.scheme = resources::Scheme::kHttps;
  upstream.nodes.push_back({"127.0.0.1", 443});
  return upstream;
}

ClusterPtr compiled(const resources::Upstream& upstream) {
  return Cluster::compile(upstream, "upstreams/1", {}).value();
}

std::string name_for(std::string_view host) { return tls_peer(*compiled(over_tls()), host, nullptr)->server_name; }

TEST(TlsPeer, IsNamedAsTheRequestSaysWithoutPort) {
  EXPECT_EQ(name_for("a.example"), "a.example");
  EXPECT_EQ(name_for("a.example:8443"), "a.example");
  EXPECT_EQ(name_for("127.0.0.1:8443"), "127.0.0.1");
  EXPECT_EQ(name_for("[::1]:8443"), "::1");
  EXPECT_EQ(name_for("[::1]"), "::1");
}

TEST(TlsPeer, IsNotVerifiedUnlessTheUpstreamSaysSo) {
  resources::Upstream upstream = over_tls();
  EXPECT_EQ(tls_peer(*compiled(upstream), "a", nullptr)->verify, tls::Verify::kNo);
  upstream.tls = json::Object{{"verify", true}};
  EXPECT_EQ(tls_peer(*compiled(upstream), "a", nullptr)->verify, tls::Verify::kYes);
}

TEST(TlsPeer, IsOfferedHttp2WhereTheUpstreamSpeaksIt) {
  resources::Upstream upstream = over_tls();
  EXPECT_EQ(tls_peer(*compiled(upstream), "a", nullptr)->offer, tls::Offer::kNothing);
  upstream.scheme = resources::Scheme::kGrpcs;
  EXPECT_EQ(tls_peer(*compiled(upstream), "a", nullptr)->offer, tls::Offer::kHttp2);
}

TEST(TlsPeer, IsShownTheCertificateThatTheUpstreamHasOrNames) {
  tls::TestCertificate own({});
  resources::Upstream upstream = over_tls();
  upstream.tls = json::Object{{"client_cert", own.pem()}, {"client_key", own.key_pem()}};
  auto peer = tls_peer(*compiled(upstream), "a", nullptr);
  ASSERT_TRUE(peer->identity);
  upstream.tls = json::Object{{"client_cert_id", "c"}};
  auto missing = tls_peer(*compiled(upstream), "a", nullptr);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().what, testing::HasSubstr("there is no ssls/c of the type client"));
  EXPECT_EQ(tls_peer(*compiled(upstream), "a", peer->identity)->identity, peer->identity);
}

TEST(Cluster, RefusesACertificateWithAnothersKey) {
  tls::TestCertificate own({}), other({});
  resources::Upstream upstream = over_tls();
  upstream.tls = json::Object{{"client_cert", own.pem()}, {"client_key", other.key_pem()}};
  auto cluster = Cluster::compile(upstream, "upstreams/1", {});
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().what, testing::StartsWith("upstream.tls.client_cert: the key does not belong"));
}

TEST(Cluster, InClearHasNoTls) {
  resources::Upstream upstream = over_tls();
  upstream.scheme = resources::Scheme::kHttp;
  EXPECT_EQ(compiled(upstream)->tls(), nullptr);
}

}  // namespace
}  // namespace sallyport::upstream
