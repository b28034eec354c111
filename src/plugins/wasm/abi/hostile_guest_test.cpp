// Guests that pass nonsense, lie about memory, or call at the wrong time.

#include "plugins/wasm/abi/abi_fixture.h"

#include <algorithm>
#include <random>
#include <tuple>

namespace sallyport::wasm::abi {
namespace {

using HostileGuest = AbiFixture;

constexpr int kRounds = 400;
constexpr int kTable = 8192;  // of arguments, eight bytes each, twelve a round

// A module that makes `kRounds` calls of one function with arguments from a table.
std::string calling_with(const Import& import, std::string_view table) {
  std::string imports =
      "(import \"" + std::string(import.module) + "\" \"" + std::string(import.name) + "\" (func $call (param";
  std::string arguments;
  for (std::size_t i = 0; i < import.signature.params.size(); ++i) {
    ValueType type = import.signature.params[i];
    std::string_view name = type == ValueType::kI64 ? "i64" : type == ValueType::kF64 ? "f64" : "i32";
    imports += " " + std::string(name);
    arguments += "(" + std::string(name) + ".load offset=" + std::to_string(8 * i) + " (local.get $row))";
  }
  imports += ")";
  if (!import.signature.results.empty())
    imports += import.signature.results[0] == ValueType::kF64 ? "(result f64)" : "(result i32)";
  imports += "))";
  std::string call = "(call $call " + arguments + ")";
  if (!import.signature.results.empty()) call = "(drop " + call + ")";
  return wat(imports, data(kTable, table) +
                          R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $i i32) (local $row i32)
    (loop $again
      (local.set $row (i32.add (i32.const )" +
                          std::to_string(kTable) + R"() (i32.mul (local.get $i) (i32.const 96))))
      )" + call + R"(
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const )" +
                          std::to_string(kRounds) + R"())))
    (i32.const 0)))");
}

std::string argument_table() {
  static constexpr std::uint32_t kValues[] = {0,     1,     2,     3,          7,          16,         100,       65528,
                                              65532, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
  std::mt19937 random(1);
  std::string table;
  for (int i = 0; i < 12 * kRounds; ++i) {
    std::uint64_t value = kValues[random() % std::size(kValues)];
    table.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return table;
}

TEST_F(HostileGuest, NoArgumentsHarmTheHost) {
  std::string table = argument_table();
  for (const Import& import : host_functions()) {
    if (import.name == "proc_exit" || import.name == "abort" || import.module == "wasi_unstable") continue;
    SCOPED_TRACE(import.name);
    PluginRun run(plugin(calling_with(import, table)));
    run.header("x", "y");
    Running running(run.run->run(chain::Phase::kAccess));
    ASSERT_TRUE(running.is_done());
    EXPECT_EQ(running.result().error(), nullptr) << running.result().error()->what;
    run.run->log();
  }
}

// A plugin with its own allocator that reads the value of x-name into the slots at 16.
std::string with_allocator(std::string_view imports, std::string_view name, std::string_view allocator) {
  return "(module " + std::string(imports) + R"(
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_property" (func $show (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 100) "x-name") (data (i32.const 200) "m")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export ")" +
         std::string(name) + "\") (param $size i32) (result i32) " + std::string(allocator) + R"()
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 0) (call $get (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 16) (i32.const 20)))
      (drop (call $show (i32.const 200) (i32.const 1) (i32.const 0) (i32.const 8192)))
      (i32.const 0))))";
}

TEST_F(HostileGuest, AnAllocatorThatHasNothingIsAnInvalidAccess) {
  PluginRun run(plugin(with_allocator("", "malloc", "(i32.const 0)")));
  run.header("X-Name", "value");
  EXPECT_EQ(call(run).status(), Status::kInvalidMemoryAccess);
}

TEST_F(HostileGuest, AnAllocatorThatPointsOutsideIsAnInvalidAccess) {
  for (std::string_view address : {"65536", "65532", "-1", "-4"}) {
    PluginRun run(plugin(with_allocator("", "malloc", "(i32.const " + std::string(address) + ")")));
    run.header("X-Name", "value");
    EXPECT_EQ(call(run).status(), Status::kInvalidMemoryAccess) << address;
  }
}

TEST_F(HostileGuest, AnAllocatorMayGrowMemory) {
  PluginRun run(plugin(with_allocator("", "malloc", "(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))")));
  run.header("X-Name", "value");
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 65536u);
}

TEST_F(HostileGuest, MemoryThatTheGuestGrewItselfCanBeUsed) {
  PluginRun run(plugin(wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))", R"(
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (memory.grow (i32.const 1)))
      (i32.store (i32.const 70000) (i32.const 0x64636261))
      (drop (call $log (i32.const 2) (i32.const 70000) (i32.const 4)))
      (i32.const 0)))")));
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_TRUE(log_.has("info plugin test: abcd"));
}

TEST_F(HostileGuest, TheBetterAllocatorIsPreferred) {
  PluginRun run(
      plugin(with_allocator("", "proxy_on_memory_allocate",
                            "(i32.const 4096)) (func (export \"malloc\") (param i32) (result i32) unreachable")));
  run.header("X-Name", "value");
  EXPECT_EQ(call(run).text(16), "value");
}

TEST_F(HostileGuest, AnAllocatorThatTrapsTakesTheCallbackWithIt) {
  PluginRun run(plugin(with_allocator("", "malloc", "unreachable")));
  run.header("X-Name", "value");
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("proxy_on_request_headers trapped: its allocator trapped: unreachable"),
            std::string::npos)
      << verdict.error()->what;
}

TEST_F(HostileGuest, AnAllocatorMayLogButNotCallBack) {
  constexpr std::string_view kLog = R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";
  PluginRun logs(plugin(with_allocator(
      kLog, "malloc", "(drop (call $log (i32.const 2) (i32.const 100) (i32.const 6))) (i32.const 4096)")));
  logs.header("X-Name", "value");
  EXPECT_EQ(call(logs).text(16), "value");
  EXPECT_TRUE(log_.has("info plugin test: x-name"));

  PluginRun nests(plugin(with_allocator(
      "", "malloc", "(call $get (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 16) (i32.const 20))")));
  nests.header("X-Name", "value");
  chain::Verdict verdict = nests.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("it called proxy_get_header_map_value inside the allocator"), std::string::npos)
      << verdict.error()->what;
}

TEST_F(HostileGuest, AllocatingNeedsNoEmptyBlock) {
  PluginRun run(plugin(with_allocator("", "malloc", "unreachable")));
  run.header("X-Name", "");
  EXPECT_EQ(call(run).status(), Status::kOk);
}

// Every import, called once with zeros by a function of its own; `begin` and `end` are around the call.
std::string calling_once(const Import& import, std::string_view begin, std::string_view end) {
  std::string imports =
      "(import \"" + std::string(import.module) + "\" \"" + std::string(import.name) + "\" (func $call (param";
  std::string arguments;
  for (ValueType type : import.signature.params) {
    std::string_view name = type == ValueType::kI64 ? "i64" : type == ValueType::kF64 ? "f64" : "i32";
    imports += " " + std::string(name);
    arguments += "(" + std::string(name) + ".const 0)";
  }
  imports += ")";
  bool has_result = !import.signature.results.empty();
  if (has_result) imports += import.signature.results[0] == ValueType::kF64 ? "(result f64)" : "(result i32)";
  std::string call = "(call $call " + arguments + ")";
  if (has_result) call = "(drop " + call + ")";
  return wat(imports + "))", std::string(begin) + call + std::string(end));
}

// What may be called while the module starts and inside its allocator: logging, clocks, and what languages need.
bool is_always_there(const Import& import) {
  constexpr std::string_view kNames[] = {
      "proxy_log", "proxy_get_log_level", "proxy_get_current_time_nanoseconds", "abort", "seed",
      "trace",     "pthread_equal",       "emscripten_notify_memory_growth"};
  return import.module != "env" || std::ranges::find(kNames, import.name) != std::end(kNames);
}
bool ends_the_guest(const Import& import) { return import.name == "proc_exit" || import.name == "abort"; }

TEST_F(HostileGuest, EveryCallWhileAModuleStartsGoesWellOrIsATrap) {
  const std::pair<std::string_view, std::string_view> places[] = {{"(start $begin) (func $begin ", ")"},
                                                                  {"(func (export \"_initialize\")", ")"}};
  for (const Import& import : host_functions()) {
    for (auto [begin, end] : places) {
      SCOPED_TRACE(std::string(import.name) + " in " + std::string(begin));
      auto made = try_plugin(calling_once(import, begin, end));
      const bool is_start_function = begin.find("_initialize") != std::string_view::npos;  // and may end by exit(0)
      const bool goes_well =
          is_always_there(import) && (!ends_the_guest(import) || (is_start_function && import.name == "proc_exit"));
      ASSERT_EQ(made.has_value(), goes_well);
      if (goes_well) continue;
      const std::string reason =
          ends_the_guest(import) ? "" : "it called " + std::string(import.name) + " while the module starts";
      EXPECT_NE(made.error().what.find(" trapped: " + reason), std::string::npos) << made.error().what;
    }
  }
}

// Without it an exchange has no context whose end could be told.
constexpr std::string_view kMeetsTheExchange =
    R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))";

TEST_F(HostileGuest, EveryCallGoesWellInEveryCallback) {
  const std::tuple<std::string_view, std::string_view, bool> places[] = {
      {"(func (export \"proxy_on_context_create\") (param i32 i32)", ")", true},
      {"(func (export \"proxy_on_configure\") (param i32 i32) (result i32)", "(i32.const 1))", true},
      {"(func (export \"proxy_on_request_body\") (param i32 i32 i32) (result i32)", "(i32.const 0))", false},
      {"(func (export \"proxy_on_done\") (param i32) (result i32)", "(i32.const 1))", false},
      {"(func (export \"proxy_on_log\") (param i32)", ")", false},
      {"(func (export \"proxy_on_delete\") (param i32)", ")", false}};
  for (const Import& import : host_functions()) {
    for (auto [begin, end, is_of_conf] : places) {
      SCOPED_TRACE(std::string(import.name) + " in " + std::string(begin));
      log_.take();
      auto made = try_plugin(calling_once(import, std::string(kMeetsTheExchange) + std::string(begin), end));
      ASSERT_EQ(made.has_value(), !is_of_conf || !ends_the_guest(import));
      if (!made) {
        EXPECT_NE(made.error().what.find(" trapped: "), std::string::npos) << made.error().what;
        continue;
      }
      PluginRun run(*made);
      const bool ends_the_exchange =
          begin.find("proxy_on_context_create") != std::string_view::npos &&
          (import.name == "proxy_send_local_response" || import.name == "proxy_close_stream");
      EXPECT_EQ(run.request().proceeds(), !ends_the_exchange);
      static_cast<void>(run.body(chain::Phase::kRequestBody, "one", true));
      EXPECT_TRUE(run.response().proceeds());
      run.run->log();
      run_messages();
      EXPECT_EQ(log_.has(" trapped: "), ends_the_guest(import));
    }
  }
}

// A plugin whose allocator makes a call, while another call that needs the allocator is under way.
TEST_F(HostileGuest, NoCallFromInsideTheAllocatorHarmsTheHost) {
  for (const Import& import : host_functions()) {
    SCOPED_TRACE(import.name);
    std::string inner = calling_once(import, "(func (export \"malloc\") (param i32) (result i32)", "(i32.const 4096))");
    // The better allocator must not be there, and the outer call must be.
    constexpr std::string_view kBetter = "proxy_on_memory_allocate";
    inner.replace(inner.find(kBetter), kBetter.size(), "unused");
    inner.insert(inner.find("(module ") + 8,
                 R"((import "env" "proxy_get_header_map_pairs" (func $outer (param i32 i32 i32) (result i32))))");
    inner.insert(inner.size() - 1, R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $outer (i32.const 0) (i32.const 16) (i32.const 20))) (i32.const 0)))");
    PluginRun run(plugin(inner));
    chain::Verdict verdict = run.request();
    if (is_always_there(import) && !ends_the_guest(import)) {
      EXPECT_TRUE(verdict.proceeds());
    } else {
      const std::string reason = ends_the_guest(import)
                                     ? "its allocator trapped: "
                                     : "its allocator trapped: it called " + std::string(import.name) + " inside";
      ASSERT_NE(verdict.error(), nullptr);
      EXPECT_NE(verdict.error()->what.find(reason), std::string::npos) << verdict.error()->what;
    }
    run.run->log();
  }
}

TEST_F(HostileGuest, MapsThatLieAboutTheirSizesAreRefused) {
  using namespace std::string_view_literals;
  const std::string_view maps[] = {
      "\1\0\0"sv,                                  // no whole count
      "\1\0\0\0"sv,                                // no sizes
      "\1\0\0\0\1\0\0\0"sv,                        // half of them
      "\1\0\0\0\1\0\0\0\1\0\0\0"sv,                // no texts
      "\1\0\0\0\1\0\0\0\1\0\0\0a\0b"sv,            // the last NUL is missing
      "\1\0\0\0\1\0\0\0\1\0\0\0aXb\0"sv,           // another byte in its place
      "\1\0\0\0\1\0\0\0\1\0\0\0a\0b\0more"sv,      // bytes behind the end
      "\1\0\0\0\xff\xff\xff\xff\1\0\0\0a\0b\0"sv,  // sizes beyond the end
      "\1\0\0\0\1\0\0\0\xff\xff\xff\xff"sv
      "a\0b\0"sv,                                    //
      "\1\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff"sv,  // whose sum wraps around
      "\2\0\0\0\1\0\0\0\1\0\0\0a\0b\0"sv,            // fewer pairs than counted
      "\xff\xff\xff\xff\1\0\0\0\1\0\0\0a\0b\0"sv,    // a count beyond everything
      "\1\4\0\0"sv,                                  // 1025 pairs
      "\0\0\0\x80"sv,
  };
  struct Call {
    std::string_view function;
    std::string arguments;  // with MAP where the map's address and size stand
  };
  const Call calls[] = {{"proxy_set_header_map_pairs", "(i32.const 0) MAP"},
                        {"proxy_send_local_response", numbers(200, 0, 0, 0, 0) + "MAP" + numbers(-1)}};
  for (const Call& of : calls) {
    for (std::string_view map : maps) {
      std::string arguments = of.arguments;
      arguments.replace(arguments.find("MAP"), 3, numbers(100, map.size()));
      PluginRun run(plugin(call_module(of.function, arguments, data(100, map))));
      run.header("x", "y");
      EXPECT_EQ(call(run).status(), Status::kBadArgument) << of.function << testing::PrintToString(map);
      EXPECT_EQ(run.exchange.request.headers.get("x"), "y");
    }
  }
}

class GreedyGuest : public AbiFixture {
 protected:
  // What ends a callback that makes a call for ever, with an own number as name where `code` uses $i.
  std::string end_of(std::string_view function, int params, std::string_view arguments,
                     std::string_view callback = "proxy_on_request_headers", int callback_params = 3) {
    std::string types, own;
    for (int i = 0; i < params; ++i) types += " i32";
    for (int i = 0; i < callback_params; ++i) own += " i32";
    std::string text = R"((module (import "env" ")" + std::string(function) + "\" (func $call (param" + types +
                       R"() (result i32)))
      (memory (export "memory") 64) (data (i32.const 200) "wasm-request:path")
      (func (export "malloc") (param i32) (result i32) (i32.const 65536))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export ")" +
                       std::string(callback) + "\") (param" + own + ") (result i32) (local $i i32)" + R"(
        (loop $again
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (i32.store (i32.const 100) (i32.or (local.get $i) (i32.const 0x40404040)))
          (drop (call $call )" +
                       std::string(arguments) + R"())
          (br $again))
        unreachable)))";
    PluginPolicy policy;
    policy.limits.cpu_budget = policy.limits.start_budget = budget;
    auto made = try_plugin(text, "x", policy);
    if (!made) return made.error().what;
    PluginRun run(*made, "/path?" + std::string(8000, 'q'));
    run.header("x-large", std::string(8000, 'v'));
    chain::Verdict verdict = run.request();
    if (verdict.proceeds()) {
      http::Chunk passed;
      Running running(run.run->run_body(chain::Phase::kRequestBody, {"x", true}, passed));
      if (running.is_done()) verdict = std::move(running.result());
    }
    most_kept = std::max(most_kept, run.exchange.arena.extra_bytes());
    return verdict.error() ? verdict.error()->what : "(goes on)";
  }
  void expect_kept_at_most_its_share(const std::string& end) {
    EXPECT_NE(end.find("it made the gateway keep more than 64 MiB for one exchange"), std::string::npos) << end;
  }
  std::size_t most_kept = 0;
  std::chrono::milliseconds budget{5000};  // enough to reach every other limit
};

TEST_F(GreedyGuest, CannotFillTheGatewayWithHeaders) {
  expect_kept_at_most_its_share(end_of("proxy_add_header_map_value", 5, numbers(0, 200, 4, 212, 5)));
  expect_kept_at_most_its_share(end_of("proxy_replace_header_map_value", 5, numbers(0, 200, 4, 200, 17)));
}

TEST_F(GreedyGuest, CannotFillTheGatewayWithProperties) {
  expect_kept_at_most_its_share(end_of("proxy_set_property", 4, numbers(200, 4, 1000, 4'000'000)));
  std::string root = end_of("proxy_set_property", 4, numbers(100, 4, 1000, 10000), "proxy_on_configure", 2);
  EXPECT_NE(root.find("it set properties of more than 1 MiB outside of exchanges"), std::string::npos) << root;
}

TEST_F(GreedyGuest, CannotMakeABodyThatIsLargerThanItself) {
  std::string end =
      end_of("proxy_set_buffer_bytes", 5, numbers(0, 0x7fffffff, 0, 1000, 4'000'000), "proxy_on_request_body", 3);
  EXPECT_NE(end.find("it made a body longer than its own memory may be"), std::string::npos) << end;
}

TEST_F(GreedyGuest, ReadsAsOftenAsItLikesAndLeavesNothing) {
  for (const auto& [function, params, arguments] :
       {std::tuple{"proxy_get_header_map_value", 5, numbers(0, 212, 5, 16, 20)},
        {"proxy_get_header_map_pairs", 3, numbers(0, 16, 20)},
        {"proxy_get_header_map_size", 2, numbers(0, 16)}}) {
    most_kept = 0;
    budget = std::chrono::milliseconds(100);
    std::string end = end_of(function, params, arguments);
    EXPECT_NE(end.find("CPU budget"), std::string::npos) << end;
    EXPECT_LT(most_kept, 200'000u) << function;
  }
}

TEST_F(GreedyGuest, FloodsNoLog) {
  budget = std::chrono::milliseconds(100);
  std::string end = end_of("proxy_log", 3, numbers(2, 100, 100));
  EXPECT_NE(end.find("CPU budget"), std::string::npos) << end;
  run_messages();
  EXPECT_TRUE(log_.has("lines were left out, as it wrote more than its log_limit of 1000 within a second"));
}

TEST_F(GreedyGuest, WakesAnotherExchangeOnce) {
  std::string text = wat(R"((import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32))))",
                         R"(
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $i i32)
      (if (i32.eq (local.get 1) (i32.const 3)) (then (return (i32.const 1))))
      (drop (call $choose (i32.const 2)))
      (loop $again
        (drop (call $continue (i32.const 0)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 100000))))
      (i32.const 0)))");
  auto made = plugin(text);
  PluginRun held(made);
  Running waiting(held.run->run(chain::Phase::kAccess));
  PluginRun wakes(made);
  wakes.header("x", "y");
  EXPECT_TRUE(wakes.request().proceeds());
  EXPECT_EQ(messages_.size(), 1u);
  run_messages();
  EXPECT_TRUE(waiting.is_done());
}

}  // namespace
}  // namespace sallyport::wasm::abi
