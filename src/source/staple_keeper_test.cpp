#include "source/staple_keeper.h"

#include "async/manual_reactor_fixture.h"
#include "tls/responder_fixture.h"
#include "tls/server_rule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::source {
namespace {

using namespace std::chrono_literals;
using tls::TestCertificate;

struct StapleKeeperTest : testing::Test {
  StapleKeeperTest() { keeper.start(); }
  tls::ServerRulePtr rule(const std::string& id = "1") const {
    tls::ServerRuleSource source;
    source.id = id;
    source.names = {"a.example"};
    source.pairs.push_back({own.pem() + authority.pem(), own.key_pem()});
    source.staples = tls::StapleSource{.responder = "http://ocsp.example"};
    return tls::ServerRule::compile(source).value();
  }
  static std::shared_ptr<const tls::ServerNames> names(const std::vector<tls::ServerRulePtr>& rules) {
    return std::make_shared<const tls::ServerNames>(rules);
  }
  bool is_stapled(const tls::ServerRulePtr& one) const {
    return one->staples().front()->shown(std::chrono::system_clock::now()) != nullptr;
  }
  StapleKeeper::Ask ask() {
    return [this](std::string url, std::string) {
      asked.push_back(std::move(url));
      return Task<Result<std::string>>(said);
    };
  }

  TestCertificate authority{{.name = "authority", .is_authority = true}};
  TestCertificate own{{.name = "a.example"}, &authority};
  async::ManualReactor reactor;
  SystemClock clock;
  std::vector<std::string> asked;
  Result<std::string> said = tls::ocsp_answer(own, authority, authority);
  StapleKeeper keeper{reactor, clock, ask()};
};

TEST_F(StapleKeeperTest, WhatIsServedIsStapledAndAskedForAgain) {
  auto one = rule();
  keeper.follow(names({one}));
  EXPECT_EQ(asked, std::vector<std::string>{"http://ocsp.example"});
  EXPECT_TRUE(is_stapled(one));
  reactor.advance(31min);
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(StapleKeeperTest, NobodyIsAskedBeforeItHasBegun) {
  StapleKeeper later(reactor, clock, ask());
  auto one = rule();
  later.follow(names({one}));
  EXPECT_TRUE(asked.empty());
  later.start();
  EXPECT_TRUE(is_stapled(one));
}

TEST_F(StapleKeeperTest, OneThatDoesNotAnswerIsAskedAgainLaterEachTime) {
  const std::string good = *said;
  said = fail(ErrorCode::kUnavailable, "nobody there");
  auto one = rule();
  keeper.follow(names({one}));
  EXPECT_FALSE(is_stapled(one));
  reactor.advance(1s);
  EXPECT_EQ(asked.size(), 2u);
  said = "no answer";
  reactor.advance(2s);
  EXPECT_EQ(asked.size(), 3u);
  EXPECT_FALSE(is_stapled(one));
  said = good;
  reactor.advance(4s);
  EXPECT_TRUE(is_stapled(one));
}

TEST_F(StapleKeeperTest, TheLastGoodAnswerIsShownWhileItsTimeLasts) {
  auto one = rule();
  keeper.follow(names({one}));
  said = fail(ErrorCode::kUnavailable, "nobody there");
  reactor.advance(31min);
  EXPECT_GT(asked.size(), 2u);
  EXPECT_TRUE(is_stapled(one));
}

TEST_F(StapleKeeperTest, WhatIsKnownOfACertificateHoldsForOtherRulesWithIt) {
  auto one = rule("1"), two = rule("2");
  keeper.follow(names({one}));
  keeper.follow(names({one, two}));
  EXPECT_TRUE(is_stapled(two));
  EXPECT_EQ(asked.size(), 1u);
  keeper.follow(names({two}));
  reactor.advance(31min);
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(StapleKeeperTest, WhatIsServedNoLongerIsNotAskedForAgain) {
  keeper.follow(names({rule()}));
  keeper.follow(names({}));
  reactor.advance(2h);
  EXPECT_EQ(asked.size(), 1u);
}

}  // namespace
}  // namespace sallyport::source
