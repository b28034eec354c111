#include "plugins/wasm/traced_engine.h"

#include "plugins/wasm/call_text.h"
#include "plugins/wasm/wasmtime_engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::wasm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr ValueType kI32 = ValueType::kI32;

// What a host function of the test answers.
struct Host {
  std::uint32_t result = 0;
  bool traps = false;
  int calls = 0;
};

bool answer(void* data, Slot* slots) {
  Host& host = *static_cast<Host*>(data);
  ++host.calls;
  slots[0].set(host.result);
  return !host.traps;
}

std::vector<Import> host_functions() {
  auto import = [](std::string_view name, std::size_t params) {
    return Import{"env", name, {std::vector(params, kI32), {kI32}}, &answer};
  };
  return {import("proxy_get_header_map_value", 5),
          import("proxy_log", 3),
          import("proxy_set_header_map_pairs", 3),
          import("proxy_get_property", 4),
          import("fd_write", 4),
          import("proxy_get_buffer_status", 3),
          import("something_else", 2),
          import("proxy_get_header_map_pairs", 3)};
}

class Lines final : public Tracer {
 public:
  void entered(std::uint64_t instance, std::string_view function, std::string arguments) override {
    lines.push_back(fmt::format("{} {}({})", instance, function, arguments));
  }
  void called(std::uint64_t, TracedHostCall call) override {
    lines.push_back(fmt::format("{}({}) = {} -> {}", call.name, call.arguments, call.result, call.given));
    EXPECT_GE(call.time.count(), 0);
  }
  void said(std::uint64_t, TracedLine line) override { lines.push_back(line.level + ": " + line.text); }
  void returned(std::uint64_t, TracedReturn returned) override {
    lines.push_back(returned.trapped ? "trapped" : "returned " + returned.result);
    EXPECT_GT(returned.times.guest.count(), 0);
  }
  std::vector<std::string> lines;
};

struct Traced {
  // A module whose callback of request headers is `body`; in its memory stand texts at 16, addresses from 64 on.
  explicit Traced(std::string_view body, InstancePlaces places = InstancePlaces::kPool) {
    const std::string text = fmt::format(R"((module
      (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
      (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
      (import "env" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_get_buffer_status" (func $status (param i32 i32 i32) (result i32)))
      (import "env" "something_else" (func $else (param i32 i32) (result i32)))
      (import "env" "proxy_get_header_map_pairs" (func $get_pairs (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "x-a\0avalue\00request\00path")
      (data (i32.const 64) "\14\00\00\00\05\00\00\00")
      (data (i32.const 80) "\01\00\00\00\01\00\00\00\02\00\00\00a\00bc\00")
      (data (i32.const 120) "\f8\00\00\00\08\00\00\00")
      (data (i32.const 248) "\c8\00\00\00\00\00\00\00")
      (func (export "proxy_on_request_headers") (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {})))",
                                         body);
    engine = with_trace(*make_wasmtime_engine(places), lines);
    auto bytes = engine->assemble(text);
    if (!bytes) throw std::runtime_error(bytes.error().what);
    module = *engine->compile(*bytes, functions, {});
    make_instance({});
  }

  void make_instance(const InstanceLimits& limits) {
    instance = module->make_instance(limits, &host);
    EXPECT_TRUE(instance->instantiate());
  }

  bool run() {
    std::array<Slot, 3> slots{{{2}, {4}, {1}}};
    return instance->call(instance->find("proxy_on_request_headers"), slots);
  }
  std::vector<std::string> all() {
    run();
    return lines->lines;
  }

  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  std::vector<Import> functions = host_functions();
  Host host;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<const CompiledModule> module;
  std::unique_ptr<Instance> instance;
};

std::string drop(std::string_view call) { return fmt::format("(drop (call {}))", call); }
std::string with_result(std::string_view body, int result) { return fmt::format("{} (i32.const {})", body, result); }

TEST(TracedEngine, TellsOfACallbackWithTheNamesOfItsNumbersAndOfWhatItReturns) {
  EXPECT_THAT(Traced(with_result("", 1)).all(),
              ElementsAre("1 proxy_on_request_headers(context=2, headers=4, end_of_stream=1)", "returned 1 pause"));
}

TEST(TracedEngine, TellsOfAHostCallWithTextsAndWithWhatItGave) {
  Traced traced(with_result(drop("$get (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 64) (i32.const 68)"), 0));
  EXPECT_THAT(traced.all()[1], R"(proxy_get_header_map_value(request_headers, "x-a") = 0 ok -> "value")");
  EXPECT_EQ(traced.host.calls, 1);
}

TEST(TracedEngine, ACallThatDoesNotSucceedGivesNothing) {
  Traced traced(with_result(drop("$get (i32.const 2) (i32.const 16) (i32.const 3) (i32.const 64) (i32.const 68)"), 0));
  traced.host.result = 1;
  EXPECT_THAT(traced.all()[1], R"(proxy_get_header_map_value(response_headers, "x-a") = 1 not found -> )");
}

TEST(TracedEngine, MapsArePairsAndPathsAreJoined) {
  Traced traced(with_result(drop("$set_pairs (i32.const 0) (i32.const 80) (i32.const 17)") +
                                drop("$property (i32.const 26) (i32.const 12) (i32.const 120) (i32.const 124)") +
                                drop("$get_pairs (i32.const 6) (i32.const 64) (i32.const 68)"),
                            0));
  auto lines = traced.all();
  EXPECT_EQ(lines[1], R"(proxy_set_header_map_pairs(request_headers, {"a": "bc"}) = 0 ok -> )");
  EXPECT_EQ(lines[2], R"(proxy_get_property("request.path") = 0 ok -> 200 as 8 bytes)");
  EXPECT_THAT(lines[3], HasSubstr("proxy_get_header_map_pairs(http_call_headers) = 0 ok -> malformed map"));
}

TEST(TracedEngine, WhatThePluginLogsAndPrintsIsTold) {
  Traced traced(with_result(drop("$log (i32.const 3) (i32.const 20) (i32.const 5)") +
                                drop("$write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 200)"),
                            0));
  EXPECT_THAT(traced.all(), ElementsAre(testing::_, "warn: value", "stderr: value", "returned 0 continue"));
}

TEST(TracedEngine, FunctionsThatItDoesNotKnowShowTheirNumbers) {
  EXPECT_EQ(Traced(with_result(drop("$else (i32.const -7) (i32.const 8)"), 0)).all()[1],
            "something_else(-7, 8) = 0 -> ");
}

TEST(TracedEngine, AddressesOutsideOfTheMemoryAreSaid) {
  Traced traced(with_result(drop("$set_pairs (i32.const 9) (i32.const 65530) (i32.const 100)"), 0));
  EXPECT_EQ(traced.all()[1], "proxy_set_header_map_pairs(9, 100 bytes outside of the memory at 65530) = 0 ok -> ");
}

TEST(TracedEngine, TrapsOfTheGuestAndOfTheHostAreTold) {
  EXPECT_THAT(Traced("unreachable").all(), ElementsAre(testing::_, "trapped"));
  Traced traced(with_result(drop("$else (i32.const 1) (i32.const 2)"), 0));
  traced.host.traps = true;
  EXPECT_THAT(traced.all(), ElementsAre(testing::_, "something_else(1, 2) = trap -> ", "trapped"));
}

TEST(TracedEngine, FunctionsThatTheCompilerMadeOneKeepTheirNames) {
  Traced traced(with_result("", 0));
  std::array<Slot, 3> slots{};
  auto request = traced.instance->find("proxy_on_request_headers");
  auto response = traced.instance->find("proxy_on_response_headers");
  EXPECT_FALSE(traced.instance->find("proxy_on_log"));
  ASSERT_TRUE(traced.instance->call(request, slots) && traced.instance->call(response, slots));
  EXPECT_THAT(traced.lines->lines,
              ElementsAre(HasSubstr("on_request_headers"), testing::_, HasSubstr("on_response_headers"), testing::_));
}

TEST(TracedEngine, InstancesAreCounted) {
  Traced traced(with_result("", 0));
  auto second = traced.module->make_instance({}, &traced.host);
  ASSERT_TRUE(second->instantiate());
  std::array<Slot, 3> slots{};
  ASSERT_TRUE(second->call(second->find("proxy_on_request_headers"), slots));
  EXPECT_EQ(traced.lines->lines[0], "2 proxy_on_request_headers(context=0, headers=0, end_of_stream=0)");
}

TEST(CallText, QuotesWhatIsNotPrintableAndCutsWhatIsLong) {
  EXPECT_EQ(quote("a\"b\\c\n\r\x01\x7f"), R"("a\"b\\c\n\r\x01\x7f")");
  EXPECT_EQ(quote(std::string(kLongestQuote + 1, 'a')), "\"" + std::string(kLongestQuote, 'a') + "\"... (1001 bytes)");
}

TEST(CallText, ResultsOfCallbacksHaveNames) {
  auto text = [](std::string_view name, std::uint32_t result) {
    Slot slot;
    slot.set(result);
    return callback_result_text(name, slot);
  };
  EXPECT_EQ(text("proxy_on_configure", 0), "0 false");
  EXPECT_EQ(text("proxy_on_response_body", 3), "3 stop and drop body");
  EXPECT_EQ(text("proxy_on_request_headers", 9), "9 pause");
  EXPECT_EQ(text("proxy_on_log", 0), "");
  EXPECT_EQ(text("malloc", 7), "");
}

// A guest that computes until there is something at 300.
struct TracedInSlices : Traced {
  TracedInSlices()
      : Traced("(loop $again (br_if $again (i32.eqz (i32.load (i32.const 300))))) (i32.const 0)",
               InstancePlaces::kRestorable) {
    InstanceLimits limits;
    limits.cpu_budget = std::chrono::minutes(10);
    limits.in_slices = true;
    make_instance(limits);
    function = instance->find("proxy_on_request_headers");
    instance->cut(function);
  }
  std::array<Slot, 3> slots{{{2}, {4}, {1}}};
  GuestFunction function;
};

TEST(TracedEngine, ACallbackInSlicesIsOneCallback) {
  TracedInSlices guest;
  EXPECT_FALSE(guest.instance->call(guest.function, guest.slots));
  EXPECT_TRUE(guest.instance->is_suspended());
  EXPECT_FALSE(guest.instance->resume(guest.slots));
  EXPECT_TRUE(guest.instance->is_suspended());
  guest.instance->memory().base[300] = std::byte{1};
  EXPECT_TRUE(guest.instance->resume(guest.slots));
  EXPECT_FALSE(guest.instance->is_suspended());
  EXPECT_THAT(guest.lines->lines,
              ElementsAre("2 proxy_on_request_headers(context=2, headers=4, end_of_stream=1)", "returned 0 continue"));
}

TEST(TracedEngine, ACallbackThatIsDroppedHasAnEnd) {
  TracedInSlices guest;
  EXPECT_FALSE(guest.instance->call(guest.function, guest.slots));
  guest.instance->abandon();
  EXPECT_THAT(guest.lines->lines,
              ElementsAre("2 proxy_on_request_headers(context=2, headers=4, end_of_stream=1)", "trapped"));
}

}  // namespace
}  // namespace sallyport::wasm
