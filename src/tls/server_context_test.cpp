#include "tls/server_context.h"

#include "tls/talk_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::tls {
namespace {

using testing::HasSubstr;

const TestCertificate& authority() {
  static const TestCertificate made({.name = "authority", .is_authority = true});
  return made;
}

ServerRulePtr rule(const std::string& name, std::optional<ClientRule> client = {},
                   std::optional<ProtocolRange> protocols = {}) {
  TestCertificate own({.name = name});
  ServerRuleSource source;
  source.id = name;
  source.names = {name};
  source.pairs.push_back({own.pem(), own.key_pem()});
  source.client = std::move(client);
  source.protocols = protocols;
  return ServerRule::compile(source).value();
}

ClientRule known_clients(std::vector<std::string> paths_without = {}) {
  return {.ca_pem = authority().pem(), .depth = 1, .paths_without = std::move(paths_without)};
}

std::shared_ptr<const ServerNames> names(const std::vector<ServerRulePtr>& rules) {
  return std::make_shared<const ServerNames>(rules);
}

std::unique_ptr<ServerContext> context(ServerOptions options = {}) { return ServerContext::open(options).value(); }

class EachVersion : public testing::TestWithParam<int> {
 protected:
  TestClient client(const std::string& name, const TestCertificate* certificate = nullptr,
                    SSL_SESSION* session = nullptr) {
    return {name, certificate, GetParam(), session};
  }
};
INSTANTIATE_TEST_SUITE_P(ServerContext, EachVersion, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(EachVersion, TheNameChoosesTheCertificate) {
  auto server = context();
  auto both = names({rule("a.example"), rule("b.example")});
  EXPECT_EQ(talk(*server, both, client("a.example")).subject, "CN=a.example");
  Talk other = talk(*server, both, client("B.example"));
  EXPECT_EQ(other.subject, "CN=b.example");
  EXPECT_EQ(other.protocol, GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
  EXPECT_TRUE(other.done);
}

TEST_P(EachVersion, AnUnknownNameIsRefused) {
  Talk unknown = talk(*context(), names({rule("a.example")}), client("b.example"));
  EXPECT_FALSE(unknown.done);
  EXPECT_THAT(unknown.alert, HasSubstr("unrecognized name"));
}

TEST_P(EachVersion, WhoNamesNoServerGetsTheFallback) {
  auto served = names({rule("a.example")});
  EXPECT_FALSE(talk(*context(), served, client("")).done);
  EXPECT_EQ(talk(*context({.fallback_name = "a.example"}), served, client("")).subject, "CN=a.example");
  EXPECT_FALSE(talk(*context({.fallback_name = "a.example"}), served, client("b.example")).done);
}

TEST_P(EachVersion, ASessionIsResumed) {
  auto server = context();
  auto served = names({rule("a.example")});
  Talk first = talk(*server, served, client("a.example"));
  ASSERT_TRUE(first.session);
  Talk second = talk(*server, served, client("a.example", nullptr, first.session.get()));
  EXPECT_TRUE(second.done);
  EXPECT_TRUE(second.resumed);
}

TEST_P(EachVersion, ASessionIsNotResumedWhereTheSettingsForbid) {
  auto server = context({.resumes_sessions = false});
  auto served = names({rule("a.example")});
  Talk first = talk(*server, served, client("a.example"));
  ASSERT_TRUE(first.done);
  EXPECT_FALSE(talk(*server, served, client("a.example", nullptr, first.session.get())).resumed);
}

TEST_P(EachVersion, ASessionDoesNotCrossToANameOfAnotherRule) {
  auto server = context();
  auto both = names({rule("a.example"), rule("b.example")});
  Talk first = talk(*server, both, client("a.example"));
  Talk second = talk(*server, both, client("b.example", nullptr, first.session.get()));
  EXPECT_TRUE(second.done);
  EXPECT_FALSE(second.resumed);
}

TEST_P(EachVersion, ASessionDoesNotPassByTheQuestionForACertificate) {
  auto server = context();
  auto both = names({rule("a.example"), rule("b.example", known_clients())});
  Talk first = talk(*server, both, client("a.example"));
  Talk second = talk(*server, both, client("b.example", nullptr, first.session.get()));
  EXPECT_FALSE(second.done);
  EXPECT_FALSE(second.resumed);
}

TEST_P(EachVersion, ASessionDoesNotOutliveTheRuleThatItBeganUnder) {
  auto server = context();
  Talk first = talk(*server, names({rule("a.example")}), client("a.example"));
  Talk second =
      talk(*server, names({rule("a.example", known_clients())}), client("a.example", nullptr, first.session.get()));
  EXPECT_FALSE(second.done);
}

TEST_P(EachVersion, NamesThatAskForACertificateResumeNoSession) {
  auto server = context();
  TestCertificate known({.name = "client"}, &authority());
  auto served = names({rule("a.example", known_clients())});
  Talk first = talk(*server, served, client("a.example", &known));
  ASSERT_TRUE(first.done) << first.alert;
  Talk second = talk(*server, served, client("a.example", &known, first.session.get()));
  EXPECT_TRUE(second.done);
  EXPECT_FALSE(second.resumed);
}

TEST_P(EachVersion, AClientWithoutAnAcceptableCertificateIsRefused) {
  auto server = context();
  auto served = names({rule("a.example", known_clients())});
  TestCertificate stranger({.name = "stranger"}), expired({.name = "old", .from = -60, .until = -30}, &authority());
  EXPECT_FALSE(talk(*server, served, client("a.example")).done);
  EXPECT_FALSE(talk(*server, served, client("a.example", &stranger)).done);
  EXPECT_FALSE(talk(*server, served, client("a.example", &expired)).done);
}

TEST_P(EachVersion, WherePathsAreExemptTheHandshakeOnlyNotesTheVerdict) {
  auto server = context();
  auto served = names({rule("a.example", known_clients({"^/open"}))});
  TestCertificate known({.name = "client"}, &authority()), stranger({.name = "stranger"});
  EXPECT_TRUE(talk(*server, served, client("a.example")).done);
  Talk good = talk(*server, served, client("a.example", &known));
  EXPECT_TRUE(good.done);
  EXPECT_EQ(good.verify_result, X509_V_OK);
  Talk bad = talk(*server, served, client("a.example", &stranger));
  EXPECT_TRUE(bad.done);
  EXPECT_NE(bad.verify_result, X509_V_OK);
}

TEST(ServerContext, ARuleMayHaveProtocolsOfItsOwn) {
  ProtocolRange new_ones{ProtocolVersion::kTls13, ProtocolVersion::kTls13};
  auto served = names({rule("new.example", {}, new_ones), rule("a.example")});
  EXPECT_FALSE(talk(*context(), served, {"new.example", nullptr, TLS1_2_VERSION, nullptr}).done);
  EXPECT_TRUE(talk(*context(), served, {"a.example", nullptr, TLS1_2_VERSION, nullptr}).done);
  EXPECT_TRUE(talk(*context(), served, {"new.example", nullptr, TLS1_3_VERSION, nullptr}).done);
}

TEST(ServerContext, RefusesCiphersThatNobodyKnows) {
  auto opened = ServerContext::open({.ciphers = "NO-SUCH-CIPHER"});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, HasSubstr("NO-SUCH-CIPHER"));
}

TEST(TicketKeys, AreThrownAwayAfterTwoLifetimes) {
  TicketKeys keys(Milliseconds(1000));
  SteadyTime begin{std::chrono::hours(1)};
  auto first = keys.current(begin);
  ASSERT_TRUE(first);
  EXPECT_TRUE(keys.find(first->name.data(), begin + Milliseconds(1500)));
  EXPECT_NE(keys.current(begin + Milliseconds(1500))->name, first->name);
  EXPECT_FALSE(keys.find(first->name.data(), begin + Milliseconds(3000)));
}

}  // namespace
}  // namespace sallyport::tls
