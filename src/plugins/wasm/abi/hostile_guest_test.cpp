// Guests that pass nonsense, lie about memory, or call at the wrong time.

#include "plugins/wasm/abi/abi_fixture.h"

#include <random>

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
  EXPECT_TRUE(LogCapture::has("info plugin test: abcd"));
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
  EXPECT_TRUE(LogCapture::has("info plugin test: x-name"));

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

}  // namespace
}  // namespace sallyport::wasm::abi
