#include "json/parse.h"
#include "plugins/wasm/plugin_settings.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using namespace std::chrono_literals;

// What is wrong, "pointer what" each; and what was read.
struct Read {
  PluginSettings settings;
  std::vector<std::string> problems;
};
Read read(std::string_view text, SettingPlace place = SettingPlace::kDeclared, PluginSettings defaults = {}) {
  Read result{std::move(defaults), {}};
  auto object = json::parse(text);
  for (const SettingProblem& problem : read_plugin_settings(*object, place, result.settings)) {
    result.problems.push_back(problem.pointer + " " + problem.what);
  }
  return result;
}
std::string only_problem(std::string_view text, SettingPlace place = SettingPlace::kDeclared) {
  Read result = read(text, place);
  return result.problems.size() == 1 ? result.problems.front() : std::to_string(result.problems.size()) + " problems";
}

TEST(PluginSettings, WhatIsNotSaidStaysAsItIs) {
  PluginSettings defaults;
  defaults.policy.limits.cpu_budget = 7ms;
  Read result = read(R"({"name": "x", "cpu_budget": null})", SettingPlace::kDeclared, defaults);
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.settings, defaults);
}

TEST(PluginSettings, QuantitiesAreNumbersOrTextsWithUnits) {
  EXPECT_EQ(read(R"({"cpu_budget": "20ms"})").settings.policy.limits.cpu_budget, 20ms);
  EXPECT_EQ(read(R"({"cpu_budget": 0.02})").settings.policy.limits.cpu_budget, 20ms);
  EXPECT_EQ(read(R"({"memory_limit": "8m"})").settings.policy.limits.memory_bytes, 8u << 20);
  EXPECT_EQ(read(R"({"memory_limit": 65536})").settings.policy.limits.memory_bytes, 65536u);
  EXPECT_EQ(read(R"({"log_limit": 5})").settings.vm.log_limit, 5u);
  EXPECT_EQ(read(R"({"log_limit": "5"})").settings.vm.log_limit, 5u);
  EXPECT_EQ(read(R"({"log_limit": 0})").settings.vm.log_limit, 0u);
}

TEST(PluginSettings, QuantitiesThatCannotBeAreRefused) {
  for (std::string_view value : {"0", "-1", "\"0ms\"", "\"2h\"", "\"soon\"", "[]", "{}", "true", "1e300", "\"\""}) {
    EXPECT_TRUE(only_problem("{\"cpu_budget\": " + std::string(value) + "}").starts_with("/cpu_budget is ")) << value;
  }
  for (std::string_view value : {"0", "65535", "\"5g\"", "\"lots\"", "1.5", "-65536", "[]"}) {
    EXPECT_TRUE(only_problem("{\"memory_limit\": " + std::string(value) + "}").starts_with("/memory_limit is "))
        << value;
  }
  for (std::string_view value : {"-1", "1000001", "1.5", "\"many\"", "[]", "true"}) {
    EXPECT_TRUE(only_problem("{\"log_limit\": " + std::string(value) + "}").starts_with("/log_limit is ")) << value;
  }
}

TEST(PluginSettings, VariablesAreDeclaredWithTheirValues) {
  Read result = read(R"({"env": {"A": "text", "B": 5, "C": true, "D": ""}})");
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.settings.vm.env,
            (std::vector<std::pair<std::string, std::string>>{{"A", "text"}, {"B", "5"}, {"C", "true"}, {"D", ""}}));
}

TEST(PluginSettings, VariablesThatCannotBeAreRefusedByName) {
  EXPECT_EQ(
      read(R"({"env": {"A=B": "x", "": "x", "L": [], "N": null, "U": "a\u0000b", "a/b=": "x"}})").problems,
      (std::vector<std::string>{"/env/A=B is no name of a variable; give one without = and NUL",
                                "/env/ is no name of a variable; give one without = and NUL",
                                "/env/L is no text; give one, or a number", "/env/N is no text; give one, or a number",
                                "/env/U has a NUL in it; leave that out",
                                "/env/a~1b= is no name of a variable; give one without = and NUL"}));
  EXPECT_EQ(only_problem(R"({"env": ["A=1"]})"), "/env wants a mapping of names to texts, and is [\"A=1\"]");
  EXPECT_EQ(only_problem("{\"env\": {\"A\": \"" + std::string(70'000, 'x') + "\"}}"),
            "/env is longer than 65536 bytes; shorten it");
}

TEST(PluginSettings, AFailureIsAnsweredPassedOrWaitedFor) {
  EXPECT_EQ(read(R"({"fail": "open"})").settings.policy.on_failure, OnFailure::kPass);
  Read reload = read(R"({"fail": "reload"})");
  EXPECT_EQ(reload.settings.policy.on_failure, OnFailure::kRefuse);
  EXPECT_EQ(reload.settings.vm.restart, Restart::kAfterInterval);
  EXPECT_EQ(only_problem(R"({"fail": "shut"})"), "/fail is \"shut\"; give one of: closed, open, reload");
  EXPECT_EQ(only_problem(R"({"fail": true})"), "/fail is true; give one of: closed, open, reload");
}

TEST(PluginSettings, CapabilitiesAreNamesOfHostCalls) {
  EXPECT_EQ(read(R"({"capabilities": ["proxy_log", "fd_write"]})").settings.vm.capabilities,
            (std::vector<std::string>{"fd_write", "proxy_log"}));
  EXPECT_EQ(read(R"({"capabilities": []})").settings.vm.capabilities, std::vector<std::string>());
  EXPECT_EQ(read("{}").settings.vm.capabilities, std::nullopt);
  EXPECT_EQ(read(R"({"capabilities": ["proxy_lok", "proc_exit", 1, "proxy_log"]})").problems,
            (std::vector<std::string>{
                "/capabilities/0 is \"proxy_lok\", which is no host call of this gateway; did you mean proxy_log?",
                "/capabilities/1 is proc_exit, which is always allowed; leave it out",
                "/capabilities/2 is 1; give the name of a host call"}));
  EXPECT_EQ(only_problem(R"({"capabilities": "all"})"), "/capabilities wants a list of host calls, and is \"all\"");
}

TEST(PluginSettings, ARouteGetsNoCapabilityThatIsNotGiven) {
  PluginSettings most;
  EXPECT_TRUE(read(R"({"capabilities": ["proxy_log"]})", SettingPlace::kInline, most).problems.empty());
  most.vm.capabilities = {"fd_write", "proxy_log"};
  Read less = read(R"({"capabilities": ["proxy_log"]})", SettingPlace::kInline, most);
  EXPECT_TRUE(less.problems.empty());
  EXPECT_EQ(less.settings.vm.capabilities, std::vector<std::string>{"proxy_log"});
  EXPECT_EQ(
      read(R"({"capabilities": ["proxy_log", "proxy_http_call"]})", SettingPlace::kInline, most).problems,
      std::vector<std::string>{"/capabilities/1 is proxy_http_call, and wasm.capabilities in the boot file does not "
                               "have it; leave it out, or add it there"});
  EXPECT_TRUE(read(R"({"capabilities": ["proxy_http_call"]})", SettingPlace::kDeclared, most).problems.empty());
}

TEST(PluginSettings, VmIdsAreTextsAndMetricsAreCounted) {
  EXPECT_EQ(read(R"({"vm_id": "shared"})").settings.vm.vm_id, "shared");
  for (std::string_view value : {"\"\"", "1", "[]"}) {
    EXPECT_EQ(only_problem("{\"vm_id\": " + std::string(value) + "}"),
              "/vm_id is " + std::string(value) + "; give a text of 1 to 256 bytes");
  }
  EXPECT_EQ(read(R"({"max_metrics": 7})").settings.max_metrics, 7u);
  EXPECT_EQ(only_problem(R"({"max_metrics": 16385})"), "/max_metrics is 16385; give a number from 0 to 16384");
  EXPECT_EQ(read(R"({"metric_limit": 7})").settings.vm.metric_limit, 7u);
  EXPECT_EQ(only_problem(R"({"metric_limit": -1})"),
            "/metric_limit is -1; give how many changes a second, from 0 to 1000000000");
}

TEST(PluginSettings, ARouteMayAskForLess) {
  PluginSettings most;
  most.policy.limits.cpu_budget = 20ms;
  most.policy.limits.memory_bytes = 8u << 20;
  most.vm.log_limit = 10;
  most.vm.metric_limit = 10;
  most.max_metrics = 10;
  most.policy.limits.longest_pause = 10s;
  most.policy.limits.held_body_bytes = 2u << 20;
  Read less = read(R"({"cpu_budget": "20ms", "memory_limit": "4m", "log_limit": 9, "metric_limit": 8, "max_metrics": 7,
                       "max_pause": 9, "max_held_body": "1m"})",
                   SettingPlace::kInline, most);
  EXPECT_TRUE(less.problems.empty());
  EXPECT_EQ(less.settings.vm.log_limit, 9u);
  EXPECT_EQ(less.settings.vm.metric_limit, 8u);
  EXPECT_EQ(less.settings.max_metrics, 7u);
  EXPECT_EQ(less.settings.policy.limits.longest_pause, 9s);
  EXPECT_EQ(less.settings.policy.limits.held_body_bytes, 1u << 20);
  Read more = read(R"({"cpu_budget": "21ms", "memory_limit": "9m", "log_limit": 11, "metric_limit": 11,
                       "max_metrics": 11, "max_pause": "11s", "max_held_body": "3m"})",
                   SettingPlace::kInline, most);
  EXPECT_EQ(more.problems.size(), 7u);
  EXPECT_EQ(more.settings, most);
  for (const std::string& problem : more.problems) {
    EXPECT_NE(problem.find("in the boot file allows"), std::string::npos) << problem;
  }
  EXPECT_TRUE(read(R"({"cpu_budget": "21ms", "memory_limit": "9m", "log_limit": 11})", SettingPlace::kDeclared, most)
                  .problems.empty());
}

}  // namespace
}  // namespace sallyport::wasm
