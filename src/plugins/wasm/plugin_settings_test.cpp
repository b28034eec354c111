#include "plugins/wasm/plugin_settings.h"

#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(std::string_view text, SettingPlace place, PluginSettings& settings) {
  std::vector<std::string> all;
  for (const SettingProblem& problem : read_plugin_settings(*json::parse(text), place, settings)) {
    all.push_back(problem.pointer + " " + problem.what);
  }
  return all;
}

TEST(PluginSettings, HttpCallsHaveLimitsAndHosts) {
  PluginSettings settings;
  EXPECT_THAT(problems_of(R"({"max_http_calls": 7, "max_http_call_body": "2m",
                              "http_call_hosts": ["auth.test:8080", "[::1]:80"]})",
                          SettingPlace::kDeclared, settings),
              IsEmpty());
  EXPECT_EQ(settings.policy.limits.http_calls, (HttpCallLimits{7, 2u << 20}));
  EXPECT_THAT(settings.call_hosts, ElementsAre("auth.test:8080", "[::1]:80"));
}

TEST(PluginSettings, ARouteMayHaveFewerHttpCallsAndAnyHost) {
  PluginSettings settings;
  settings.policy.limits.http_calls = {10, 1000};
  EXPECT_THAT(problems_of(R"({"max_http_calls": 9, "max_http_call_body": 999, "http_call_hosts": ["a:1"]})",
                          SettingPlace::kInline, settings),
              IsEmpty());
  EXPECT_EQ(settings.policy.limits.http_calls, (HttpCallLimits{9, 999}));
  EXPECT_THAT(problems_of(R"({"max_http_calls": 10, "max_http_call_body": "1k"})", SettingPlace::kInline, settings),
              ElementsAre(HasSubstr("/max_http_calls is 10, and wasm.max_http_calls in the boot file allows 9"),
                          HasSubstr("/max_http_call_body is \"1k\", and wasm.max_http_call_body in the boot file")));
}

TEST(PluginSettings, WhatIsWrongWithHttpCallsIsTold) {
  PluginSettings settings;
  EXPECT_THAT(problems_of(R"({"max_http_calls": -1, "max_http_call_body": "big", "http_call_hosts": ["auth.test"]})",
                          SettingPlace::kDeclared, settings),
              ElementsAre(HasSubstr("/max_http_calls is -1; give a number from 0 to 100000"),
                          HasSubstr("/max_http_call_body is \"big\"; write bytes"),
                          HasSubstr("/http_call_hosts is [\"auth.test\"]; give a list of \"host:port\"")));
  EXPECT_THAT(settings.call_hosts, IsEmpty());
}

TEST(PluginSettings, ARouteMayNotBeLessFairThanTheBootFile) {
  PluginSettings settings;
  EXPECT_THAT(problems_of(R"({"fair": "yes"})", SettingPlace::kDeclared, settings),
              ElementsAre("/fair wants true or false, and is \"yes\""));
  EXPECT_FALSE(settings.policy.is_fair);
  EXPECT_THAT(problems_of(R"({"fair": true})", SettingPlace::kInline, settings), IsEmpty());
  EXPECT_TRUE(settings.policy.is_fair);
  EXPECT_EQ(settings.policy.module_isolation(), Isolation::kRequest) << "its module is one whose state can be copied";
  EXPECT_THAT(
      problems_of(R"({"fair": false})", SettingPlace::kInline, settings),
      ElementsAre("/fair is false, and wasm.fair in the boot file demands it; leave it out, or change it there"));
  EXPECT_THAT(problems_of(R"({"fair": false})", SettingPlace::kDeclared, settings), IsEmpty());
  EXPECT_FALSE(settings.policy.is_fair);
}

}  // namespace
}  // namespace sallyport::wasm
