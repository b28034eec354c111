#include "upstream/names.h"

#include "base/log_fixture.h"
#include "upstream/balancer_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::upstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct NamesTest : testing::Test, BalancerFixture {};

TEST_F(NamesTest, AnExchangeWaitsForTheFirstAnswerThenNobodyDoes) {
  auto named = cluster(NodeWords()("a.test:8080"));
  std::optional<std::string> first;
  pick_later(*named, first);
  EXPECT_FALSE(first);
  resolver.answer("a.test", {"192.0.2.1"});
  EXPECT_EQ(first, "192.0.2.1:8080");
  EXPECT_EQ(pick(*named), "192.0.2.1:8080");
}

TEST_F(NamesTest, ManyExchangesShareOneLookup) {
  auto named = cluster(NodeWords()("a.test:80"));
  auto other = cluster(NodeWords()("a.test:81"), "upstreams/2");
  std::optional<std::string> picked[3];
  pick_later(*named, picked[0]);
  pick_later(*named, picked[1]);
  pick_later(*other, picked[2]);
  EXPECT_EQ(resolver.lookups, 1);
  resolver.answer("a.test", {"192.0.2.1"});
  EXPECT_THAT(picked, ElementsAre("192.0.2.1:80", "192.0.2.1:80", "192.0.2.1:81"));
  EXPECT_EQ(resolver.lookups, 1);
}

TEST_F(NamesTest, AnExchangeThatGoesAwayWhileItWaitsIsForgotten) {
  auto named = cluster(NodeWords()("a.test:80"));
  std::optional<std::string> gone;
  pick_later(*named, gone);
  tasks.cancel_all();
  resolver.answer("a.test", {"192.0.2.1"});
  EXPECT_FALSE(gone);
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
}

TEST_F(NamesTest, ANameStandsForAllItsAddressesInTurnWithTheWeightOfItsNode) {
  auto two = cluster(NodeWords()("a.test:80", 1)("10.0.0.9:80", 1));
  resolver.answer("a.test", {"192.0.2.2", "192.0.2.1"});
  EXPECT_THAT(picks(*two, 4), ElementsAre("192.0.2.1:80", "10.0.0.9:80", "192.0.2.2:80", "10.0.0.9:80"));
}

TEST_F(NamesTest, EveryAddressOfANameIsTriedBeforeNoneIsLeft) {
  auto named = cluster(NodeWords()("a.test:80")("b.test:80"));
  resolver.answer("a.test", {"192.0.2.1", "192.0.2.2"});
  resolver.refuse("b.test");
  Tried tried;
  tried.add(hold(*named, tried));
  EndpointRef second = hold(*named, tried);
  EXPECT_EQ(second->text, "192.0.2.2:80");
  tried.add(second);
  EXPECT_THAT(pick(*named, tried), HasSubstr("every endpoint was tried"));
}

TEST_F(NamesTest, AnswersAreKeptForTheirTimeToLiveAndThenRenewedWithoutWaiting) {
  auto named = cluster(NodeWords()("a.test:80"));
  resolver.answer("a.test", {"192.0.2.1"}, 10);
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  reactor.advance(Milliseconds(9'999));
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  EXPECT_EQ(resolver.lookups, 1);

  resolver.forget("a.test");
  reactor.advance(Milliseconds(1));
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  EXPECT_EQ(resolver.lookups, 2);
  resolver.answer("a.test", {"192.0.2.7"}, 10);
  EXPECT_EQ(pick(*named), "192.0.2.7:80");
}

TEST_F(NamesTest, ATimeToLiveOfZeroIsKeptForASecond) {
  auto named = cluster(NodeWords()("a.test:80"));
  resolver.answer("a.test", {"192.0.2.1"}, 0);
  pick(*named);
  reactor.advance(Milliseconds(999));
  pick(*named);
  EXPECT_EQ(resolver.lookups, 1);
  reactor.advance(Milliseconds(1));
  pick(*named);
  EXPECT_EQ(resolver.lookups, 2);
}

TEST_F(NamesTest, AFixedValidityWinsOverTheTimeToLive) {
  BalancerOptions options;
  options.names_valid = Milliseconds(30'000);
  BalancerFixture fixed(options);
  auto named = cluster(NodeWords()("a.test:80"));
  fixed.resolver.answer("a.test", {"192.0.2.1"}, 1);
  fixed.pick(*named);
  fixed.reactor.advance(Milliseconds(29'000));
  fixed.pick(*named);
  EXPECT_EQ(fixed.resolver.lookups, 1);
}

TEST_F(NamesTest, AFailedLookupKeepsTheLastGoodAddresses) {
  auto named = cluster(NodeWords()("a.test:80"));
  resolver.answer("a.test", {"192.0.2.1"}, 1);
  pick(*named);
  resolver.refuse("a.test");
  reactor.advance(Milliseconds(5'000));
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
  EXPECT_EQ(resolver.lookups, 2);
}

TEST_F(NamesTest, ANameThatNeverResolvedIsUnavailableAndAskedForAgainAfterASecond) {
  auto named = cluster(NodeWords()("a.test:80"));
  std::optional<std::string> first;
  pick_later(*named, first);
  resolver.refuse("a.test");
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, HasSubstr("cannot resolve the name \"a.test\""));
  auto again = balancer.pick(*named, request.exchange, {}).take_value();
  EXPECT_EQ(again.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(resolver.lookups, 1);

  resolver.answer("a.test", {"192.0.2.1"});
  reactor.advance(Milliseconds(1'000));
  EXPECT_EQ(pick(*named), "192.0.2.1:80");
}

TEST_F(NamesTest, WhatFailsForLongIsLoggedOnceAndThatItEnds) {
  log::Capture log;
  auto named = cluster(NodeWords()("a.test:80"));
  auto look_up_again = [&] {
    reactor.advance(Milliseconds(1'000));
    static_cast<void>(balancer.pick(*named, request.exchange, {}));
  };
  resolver.refuse("a.test");
  for (int i = 0; i < 3; ++i) look_up_again();
  EXPECT_EQ(resolver.lookups, 3);
  EXPECT_THAT(log.take(), ElementsAre("warn cannot resolve the name \"a.test\": not there"));
  resolver.answer("a.test", {"192.0.2.1"}, 1);
  for (int i = 0; i < 3; ++i) look_up_again();
  EXPECT_THAT(log.take(), ElementsAre("info the name \"a.test\" resolves again"));
  resolver.refuse("a.test");
  look_up_again();
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("the addresses known so far stay in use")));
}

TEST_F(NamesTest, ANodeThatIsKnownServesWhileAnotherIsLookedUp) {
  auto two = cluster(NodeWords()("a.test:80")("10.0.0.1:80"));
  EXPECT_EQ(pick(*two), "10.0.0.1:80");
  resolver.answer("a.test", {"192.0.2.1"});
  EXPECT_THAT(picks(*two, 2), testing::UnorderedElementsAre("192.0.2.1:80", "10.0.0.1:80"));
}

TEST_F(NamesTest, WaitingEndsWithWhicheverNameIsAnsweredFirst) {
  auto two = cluster(NodeWords()("slow.test:80")("fast.test:80"));
  std::optional<std::string> picked;
  pick_later(*two, picked);
  resolver.answer("fast.test", {"192.0.2.2"});
  EXPECT_EQ(picked, "192.0.2.2:80");
  resolver.answer("slow.test", {"192.0.2.1"});
}

TEST_F(NamesTest, ANameThatLeadsToTheAdminApiIsRefused) {
  BalancerOptions options;
  options.forbidden = ForbiddenAddresses({*async::Address::from_ip("127.0.0.1", 9180)});
  BalancerFixture guarded(options);
  auto named = cluster(NodeWords()("sneaky.test:9180"));
  guarded.resolver.answer("sneaky.test", {"127.0.0.1"});
  EXPECT_THAT(guarded.pick(*named), HasSubstr("sneaky.test is the gateway's own Admin API"));
  auto port = cluster(NodeWords()("sneaky.test:80"), "upstreams/2");
  EXPECT_EQ(guarded.pick(*port), "127.0.0.1:80");
}

}  // namespace
}  // namespace sallyport::upstream
