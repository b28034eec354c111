#include "tls/staple.h"

#include "tls/certificate.h"
#include "tls/responder_fixture.h"
#include "tls/talk_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kNow = std::chrono::system_clock::now();
constexpr const char* kResponder = "http://ocsp.example/a";

struct StapleTest : testing::Test {
  static TestCertificate::Wish own_wish() {
    return {.name = "a.example", .more_name = "authorityInfoAccess", .more = "OCSP;URI:http://ocsp.example/a"};
  }
  TestCertificate authority{{.name = "authority", .is_authority = true}};
  TestCertificate own{own_wish(), &authority};
  TestCertificate other{{.name = "b.example"}, &authority};

  KeyPair pair(const TestCertificate& certificate, bool with_issuer = true) {
    return KeyPair::parse(certificate.pem() + (with_issuer ? authority.pem() : ""), certificate.key_pem()).value();
  }
  std::shared_ptr<Staple> staple(StapleSource source = {}) {
    KeyPair made = pair(own);
    return Staple::make(*made.certificate, *made.chain, source).value();
  }
  std::string fault(const std::string& answer, StapleSource source = {}, WallTime now = kNow) {
    auto checked = staple(std::move(source))->check(answer, now);
    return checked ? "" : checked.error().what;
  }
};

TEST_F(StapleTest, TheCertificateNamesWhomToAsk) {
  EXPECT_EQ(staple()->responder(), kResponder);
  EXPECT_EQ(staple({.responder = "http://other.example"})->responder(), "http://other.example");
  KeyPair silent = pair(other);
  EXPECT_THAT(Staple::make(*silent.certificate, *silent.chain, {}).error().what, HasSubstr("names no OCSP responder"));
  KeyPair alone = pair(own, false);
  EXPECT_THAT(Staple::make(*alone.certificate, *alone.chain, {}).error().what, HasSubstr("its issuer is not behind"));
}

TEST_F(StapleTest, AGoodAnswerIsShownUntilItsTimeHasPassed) {
  auto one = staple();
  EXPECT_EQ(one->shown(kNow), nullptr);
  const std::string said = ocsp_answer(own, authority, authority);
  auto answer = one->check(said, kNow);
  ASSERT_TRUE(answer) << answer.error().what;
  one->show(*answer);
  EXPECT_EQ(one->shown(kNow)->bytes, said);
  EXPECT_NE(one->shown((*answer)->until - std::chrono::seconds(1)), nullptr);
  EXPECT_EQ(one->shown((*answer)->until), nullptr);
}

TEST_F(StapleTest, ItIsAskedAgainWellBefore) {
  auto one = staple();
  auto answer = one->check(ocsp_answer(own, authority, authority), kNow).value();
  EXPECT_EQ(one->refresh_after(*answer, answer->until - std::chrono::seconds(1000)), std::chrono::seconds(500));
  auto patient = staple({.most_age = std::chrono::seconds(60)});
  EXPECT_EQ(patient->refresh_after(*answer, kNow), std::chrono::seconds(60));
  EXPECT_EQ(one->refresh_after(*answer, answer->until + std::chrono::hours(1)), std::chrono::seconds(1));
}

TEST_F(StapleTest, AnAnswerWithoutAnEndIsGoodForAsLongAsOneIsKept) {
  auto one = staple({.most_age = std::chrono::seconds(60)});
  auto answer = one->check(ocsp_answer(own, authority, authority, {.until = 0}), kNow).value();
  EXPECT_EQ(answer->until, kNow + std::chrono::seconds(60));
}

TEST_F(StapleTest, WhatIsNotGoodIsNotTaken) {
  EXPECT_THAT(fault("x"), HasSubstr("no OCSP response"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, authority) + "x"), HasSubstr("no OCSP response"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, other)), HasSubstr("not signed by the certificate's issuer"));
  EXPECT_THAT(fault(ocsp_answer(other, authority, authority)), HasSubstr("about another certificate"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, authority, {.status = V_OCSP_CERTSTATUS_REVOKED})),
              HasSubstr("the certificate is revoked"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, authority, {.status = V_OCSP_CERTSTATUS_UNKNOWN})),
              HasSubstr("the certificate is unknown"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, authority, {.from = -7200, .until = -3600})), HasSubstr("has passed"));
  EXPECT_THAT(fault(ocsp_answer(own, authority, authority, {.from = 3600, .until = 7200})), HasSubstr("not valid yet"));
}

TEST_F(StapleTest, WhomTheIssuerHasCertifiedForThatMaySign) {
  TestCertificate delegate({.name = "ocsp", .more_name = "extendedKeyUsage", .more = "OCSPSigning"}, &authority);
  EXPECT_EQ(fault(ocsp_answer(own, authority, delegate)), "");
  TestCertificate stranger({.name = "stranger", .is_authority = true});
  TestCertificate of_stranger({.name = "ocsp", .more_name = "extendedKeyUsage", .more = "OCSPSigning"}, &stranger);
  EXPECT_THAT(fault(ocsp_answer(own, authority, of_stranger)), HasSubstr("not signed"));
}

TEST_F(StapleTest, SignaturesAreNotLookedAtWhereThatIsSwitchedOff) {
  EXPECT_EQ(fault(ocsp_answer(own, authority, other), {.verifies = false}), "");
}

TEST_F(StapleTest, StaplesOfOneCertificateMayShowTheSameAnswers) {
  EXPECT_EQ(staple()->identity(), staple()->identity());
  EXPECT_NE(staple()->identity(), staple({.responder = "http://other.example"})->identity());
  EXPECT_NE(staple()->identity(), staple({.verifies = false})->identity());
}

struct StaplingTest : StapleTest {
  ServerRulePtr rule(std::optional<StapleSource> staples) {
    ServerRuleSource source;
    source.id = "1";
    source.names = {"a.example"};
    source.pairs.push_back({own.pem() + authority.pem(), own.key_pem()});
    source.staples = std::move(staples);
    return ServerRule::compile(source).value();
  }
  static Talk ask(const ServerRulePtr& rule, int version, bool wants_staple = true) {
    auto context = ServerContext::open({}).value();
    auto names = std::make_shared<const ServerNames>(std::vector{rule});
    return talk(*context, names, {.server_name = "a.example", .version = version, .wants_staple = wants_staple});
  }
};

TEST_F(StaplingTest, ClientsThatAskGetWhatIsThere) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ServerRulePtr one = rule(StapleSource{});
    Talk early = ask(one, version);
    EXPECT_TRUE(early.done);
    EXPECT_EQ(early.staple, "");
    const std::string said = ocsp_answer(own, authority, authority);
    one->staples().front()->show(one->staples().front()->check(said, kNow).value());
    EXPECT_EQ(ask(one, version).staple, said);
    EXPECT_EQ(ask(one, version, false).staple, "");
  }
}

TEST_F(StaplingTest, WithoutTheWishThereIsNoStaple) {
  EXPECT_THAT(rule({})->staples(), IsEmpty());
  EXPECT_THAT(rule({})->faults_of_staples(), IsEmpty());
  EXPECT_EQ(ask(rule({}), TLS1_3_VERSION).staple, "");
}

TEST_F(StaplingTest, WhatCannotBeStapledIsTold) {
  TestCertificate strict({.name = "c.example", .more_name = "tlsfeature", .more = "status_request"}, &authority);
  ServerRuleSource source;
  source.id = "1";
  source.names = {"c.example"};
  source.pairs.push_back({strict.pem() + authority.pem(), strict.key_pem()});
  EXPECT_THAT(ServerRule::compile(source).value()->faults_of_staples(),
              ElementsAre(HasSubstr("tells clients to insist on a staple; set ocsp_stapling.enabled")));
  source.staples = StapleSource{};
  EXPECT_THAT(ServerRule::compile(source).value()->faults_of_staples(),
              ElementsAre(HasSubstr("CN=c.example is not stapled: it names no OCSP responder")));
}

}  // namespace
}  // namespace sallyport::tls
