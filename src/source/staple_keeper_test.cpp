#include "source/staple_keeper.h"

#include "async/manual_reactor_fixture.h"
#include "tls/responder_fixture.h"
#include "tls/server_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
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

  // An answer that comes when its event is set.
  static Task<Result<std::string>> hold(std::vector<std::shared_ptr<async::Event>>& held, std::size_t& under_way,
                                        std::size_t& most) {
    auto event = held.emplace_back(std::make_shared<async::Event>());
    most = std::max(most, ++under_way);
    co_await *event;
    --under_way;
    co_return std::string("no answer");
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

TEST_F(StapleKeeperTest, AFewAreAskedForAtOnceAndTheOthersInTheirTurn) {
  std::vector<std::shared_ptr<async::Event>> held;
  std::size_t under_way = 0, most = 0;
  auto ask_later = [&](std::string, std::string) { return hold(held, under_way, most); };
  StapleKeeper busy(reactor, clock, ask_later);
  busy.start();
  std::vector<tls::ServerRulePtr> rules;
  for (int i = 0; i < 20; ++i) {
    const TestCertificate another{{.name = "a.example"}, &authority};
    tls::ServerRuleSource source;
    source.id = std::to_string(i);
    source.names = {std::to_string(i) + ".example"};
    source.pairs.push_back({another.pem() + authority.pem(), another.key_pem()});
    source.staples = tls::StapleSource{.responder = "http://ocsp.example"};
    rules.push_back(tls::ServerRule::compile(source).value());
  }
  busy.follow(names(rules));
  EXPECT_EQ(held.size(), 8u);
  for (std::size_t i = 0; i < held.size(); ++i) {
    held[i]->set();
    reactor.deliver();
  }
  EXPECT_EQ(held.size(), 20u);
  EXPECT_EQ(most, 8u);
}

TEST_F(StapleKeeperTest, WhatIsKnownIsTold) {
  keeper.follow(names({rule()}));
  StapleState state = keeper.describe().at(0);
  EXPECT_EQ(state.certificate, "CN=a.example");
  EXPECT_EQ(state.responder, "http://ocsp.example");
  EXPECT_FALSE(state.fingerprint.empty());
  EXPECT_TRUE(state.taken && state.asked);
  EXPECT_GT(state.until, *state.taken);
  EXPECT_EQ(state.error, "");
  said = fail(ErrorCode::kUnavailable, "nobody there");
  reactor.advance(31min);
  state = keeper.describe().at(0);
  EXPECT_TRUE(state.taken);
  EXPECT_GT(state.failures, 0u);
  EXPECT_EQ(state.error, "nobody there");
  keeper.follow(names({}));
  EXPECT_TRUE(keeper.describe().empty());
}

TEST_F(StapleKeeperTest, WhatIsServedNoLongerIsNotAskedForAgain) {
  keeper.follow(names({rule()}));
  keeper.follow(names({}));
  reactor.advance(2h);
  EXPECT_EQ(asked.size(), 1u);
}

}  // namespace
}  // namespace sallyport::source
