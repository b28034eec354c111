#include "plugins/native/plugin_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::plugins::native {
namespace {

TEST(RequestId, ARequestWithoutOneGetsOneThatTheResponseCarriesToo) {
  PluginFixture f(R"({"request-id":{}})");
  EXPECT_TRUE(f.run(Phase::kRewrite).proceeds());
  EXPECT_THAT(f.request_field("X-Request-Id"), testing::MatchesRegex("[0-9a-f-]{36}"));
  EXPECT_TRUE(f.run(Phase::kResponseHeaders).proceeds());
  EXPECT_EQ(f.response_field("X-Request-Id"), f.request_field("X-Request-Id"));
  EXPECT_EQ(f.exchange.request_id(), f.request_field("X-Request-Id"));
}

TEST(RequestId, AnIdThatArrivesIsKept) {
  PluginFixture f(R"({"request-id":{"header_name":"X-Trace"}})");
  f.header("x-trace", "mine");
  EXPECT_TRUE(f.run(Phase::kRewrite).proceeds());
  EXPECT_TRUE(f.run(Phase::kResponseHeaders).proceeds());
  EXPECT_EQ(f.request_field("X-Trace"), "mine");
  EXPECT_EQ(f.response_field("X-Trace"), "mine");
  EXPECT_EQ(f.exchange.variable("apisix_request_id"), "mine");
}

TEST(RequestId, AnEmptyOneIsReplaced) {
  PluginFixture f(R"({"request-id":{}})");
  f.header("X-Request-Id", "");
  EXPECT_TRUE(f.run(Phase::kRewrite).proceeds());
  EXPECT_EQ(f.request_field("X-Request-Id").size(), 36u);
}

TEST(RequestId, TheResponseKeepsItsOwnOrNone) {
  PluginFixture silent(R"({"request-id":{"include_in_response":false}})");
  EXPECT_TRUE(silent.run(Phase::kRewrite).proceeds());
  EXPECT_TRUE(silent.run(Phase::kResponseHeaders).proceeds());
  EXPECT_EQ(silent.response_field("X-Request-Id"), "");

  PluginFixture f(R"({"request-id":{}})");
  EXPECT_TRUE(f.run(Phase::kRewrite).proceeds());
  f.exchange.response.headers.add("X-Request-Id", "upstream's");
  EXPECT_TRUE(f.run(Phase::kResponseHeaders).proceeds());
  EXPECT_EQ(f.response_field("X-Request-Id"), "upstream's");
}

TEST(RequestId, TheAlgorithmDecidesTheForm) {
  auto id = [](std::string_view conf) {
    PluginFixture f("{\"request-id\":" + std::string(conf) + "}");
    EXPECT_TRUE(f.run(Phase::kRewrite).proceeds());
    return f.request_field("X-Request-Id");
  };
  EXPECT_EQ(id(R"({"algorithm":"nanoid"})").size(), 21u);
  EXPECT_EQ(id(R"({"algorithm":"ksuid"})").size(), 27u);
  EXPECT_EQ(id(R"({"algorithm":"uuidv7"})")[14], '7');
  EXPECT_EQ(id(R"({"algorithm":"range_id"})").size(), 16u);
  EXPECT_THAT(id(R"({"algorithm":"range_id","range_id":{"length":7,"char_set":"xyzxyz"}})"),
              testing::MatchesRegex("[xyz]{7}"));
}

TEST(RequestId, WhatCannotBeAHeaderIsRefused) {
  EXPECT_EQ(refusal("request-id", R"({"algorithm":"md5"})"),
            "property \"algorithm\" validation failed: matches none of the enum values");
  EXPECT_EQ(refusal("request-id", R"({"header_name":"a b"})"), "header_name \"a b\" cannot name a header");
  EXPECT_EQ(refusal("request-id", R"({"range_id":{"length":5000}})"), "range_id.length is 5000; give at most 1024");
  EXPECT_THAT(refusal("request-id", R"({"range_id":{"char_set":"abcdef\n"}})"),
              testing::HasSubstr("control characters"));
}

}  // namespace
}  // namespace sallyport::plugins::native
