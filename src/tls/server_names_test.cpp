#include "tls/server_names.h"

#include "tls/test_certificates_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::tls {
namespace {

const TestCertificate& certificate() {
  static const TestCertificate made({});
  return made;
}

ServerRulePtr rule(std::vector<std::string> names) {
  ServerRuleSource source;
  source.id = names.front();
  source.names = std::move(names);
  source.pairs.push_back({certificate().pem(), certificate().key_pem()});
  return ServerRule::compile(source).value();
}

TEST(ServerNames, AnExactNameWinsOverAWildcardAndThatOverAll) {
  auto exact = rule({"a.example.com"}), wildcard = rule({"*.example.com"}), all = rule({"*"});
  ServerNames names({all, wildcard, exact});
  EXPECT_EQ(names.find("a.example.com"), exact);
  EXPECT_EQ(names.find("b.example.com"), wildcard);
  EXPECT_EQ(names.find("other.org"), all);
  EXPECT_EQ(names.find(""), all);
}

TEST(ServerNames, CaseAndADotAtTheEndMakeNoDifference) {
  auto exact = rule({"A.Example.com"});
  ServerNames names({exact});
  EXPECT_EQ(names.find("a.EXAMPLE.com"), exact);
  EXPECT_EQ(names.find("a.example.com."), exact);
}

TEST(ServerNames, AWildcardStandsForOneLabel) {
  ServerNames names({rule({"*.example.com"})});
  EXPECT_TRUE(names.find("a.example.com"));
  EXPECT_FALSE(names.find("a.b.example.com"));
  EXPECT_FALSE(names.find("example.com"));
  EXPECT_FALSE(names.find(".example.com"));
  EXPECT_FALSE(names.find(""));
}

TEST(ServerNames, OfTwoRulesTheFirstServesAName) {
  auto first = rule({"a.example"}), second = rule({"a.example", "b.example"});
  ServerNames names({first, second});
  EXPECT_EQ(names.find("a.example"), first);
  EXPECT_EQ(names.find("b.example"), second);
}

TEST(ServerRule, NamesThePairThatIsWrong) {
  TestCertificate other({});
  ServerRuleSource source;
  source.pairs.push_back({certificate().pem(), certificate().key_pem()});
  source.pairs.push_back({certificate().pem(), other.key_pem()});
  auto compiled = ServerRule::compile(source);
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().what, testing::StartsWith("failed to handle cert-key pair[1]: the key does not belong"));
}

TEST(ServerRule, RefusesAuthoritiesThatAreNone) {
  ServerRuleSource source;
  source.pairs.push_back({certificate().pem(), certificate().key_pem()});
  source.client = ClientRule{.ca_pem = "no certificate", .depth = 1, .paths_without = {}};
  auto compiled = ServerRule::compile(source);
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().what, testing::StartsWith("failed to validate client_cert: failed to parse cert: "));
}

TEST(ServerRule, TellsOfCertificatesThatHaveExpired) {
  TestCertificate old({.name = "old.example", .from = -7200, .until = -60});
  ServerRuleSource source;
  source.pairs.push_back({certificate().pem(), certificate().key_pem()});
  source.pairs.push_back({old.pem(), old.key_pem()});
  auto faults = ServerRule::compile(source).value()->faults_of_time(std::chrono::system_clock::now());
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults.front(), testing::StartsWith("the certificate CN=old.example expired on"));
}

}  // namespace
}  // namespace sallyport::tls
