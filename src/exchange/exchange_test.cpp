#include "exchange/exchange.h"

#include "exchange/exchange_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::exchange {
namespace {

TEST(Exchange, ANewUpstreamTargetReplacesPathAndQuery) {
  ExchangeFixture f("/a?x=1");
  f.exchange.set_upstream_target("/b?");
  EXPECT_EQ(f.exchange.path, "/b");
  EXPECT_EQ(f.exchange.query, "");
  EXPECT_TRUE(f.exchange.has_query);
  f.exchange.set_upstream_target("/c");
  EXPECT_EQ(f.exchange.path, "/c");
  EXPECT_FALSE(f.exchange.has_query);
  EXPECT_EQ(f.exchange.uri, "/a");
}

TEST(Exchange, ItsRequestIdIsMadeOnceUnlessItIsSet) {
  ExchangeFixture f, g;
  EXPECT_EQ(f.exchange.request_id().size(), 32u);
  EXPECT_EQ(f.exchange.request_id(), f.exchange.variable("request_id"));
  EXPECT_NE(f.exchange.request_id(), g.exchange.request_id());
  f.exchange.set_request_id("mine");
  EXPECT_EQ(f.exchange.variable("apisix_request_id"), "mine");
}

TEST(Exchange, TheMomentOfItsBeginningDoesNotDependOnWhenItIsAskedFor) {
  ExchangeFixture f;
  const WallTime began = f.clock.wall();
  f.clock.advance(Milliseconds(5));
  EXPECT_EQ(f.exchange.started_wall(), began);
  f.clock.advance(Milliseconds(5));
  EXPECT_EQ(f.exchange.started_wall(), began);
}

TEST(Exchange, WithoutReaderAndWaiterNothingWaits) {
  ExchangeFixture f;
  auto body = f.exchange.whole_request_body(10);
  ASSERT_TRUE(body.is_ready());
  EXPECT_EQ(body.take_value(), "");
  EXPECT_TRUE(f.exchange.sleep(Milliseconds(5)).is_ready());
}

}  // namespace
}  // namespace sallyport::exchange
