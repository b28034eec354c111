// Modules that are made to harm: too large, broken, without end or bottom, greedy. Each is refused or stopped with a
// reason, and the gateway goes on. What guests do to host calls is in abi/hostile_guest_test.cpp.

#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/trap_text_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <random>

namespace sallyport::wasm {
namespace {

using chain::Phase;

// Everywhere that code of a module runs.
struct Place {
  std::string_view name;
  std::string_view begin;  // of the function
  std::string_view end;
};
constexpr Place kStarts[] = {{"instantiation", "(start $begin) (func $begin ", ")"},
                             {"_initialize", "(func (export \"_initialize\")", ")"},
                             {"_start", "(func (export \"_start\")", ")"},
                             {"main",
                              "(func (export \"_initialize\")) (func (export \"main\") (param i32 i32) "
                              "(result i32)",
                              "(i32.const 0))"}};
constexpr std::string_view kConfCallbacks[] = {"proxy_on_context_create", "proxy_on_vm_start",
                                               "proxy_validate_configuration", "proxy_on_configure"};
constexpr std::string_view kStreamCallbacks[] = {"context_create",
                                                 "request_headers",
                                                 "request_body",
                                                 "request_trailers",
                                                 "response_headers",
                                                 "response_body",
                                                 "response_trailers",
                                                 "done",
                                                 "log",
                                                 "delete"};

struct Harm {
  std::string_view what;
  std::string_view code;
  std::string_view helpers;
  std::string_view reason;
};
constexpr Harm kHarms[] = {
    {"a trap", "unreachable", "", "unreachable"},
    {"an endless loop", "(loop $l (br $l))", "", "CPU budget of 20 ms used up"},
    {"a bottomless recursion", "(drop (call $deep (i32.const 0)))",
     "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))",
     "call stack exhausted"},
    {"memory without end", "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable", "",
     "its memory limit of 4 MiB"},
    {"a table without end",
     "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))"
     "(if (i32.gt_u (table.size $t) (i32.const 100000)) (then (loop $l (br $l)))) unreachable",
     "(table $t 1 funcref)", "unreachable"},
    {"memory that is not there", "(drop (i32.load (i32.const -4)))", "", "memory access out of bounds"},
    {"a fill of memory that is not there", "(memory.fill (i32.const 1) (i32.const 1) (i32.const -1))", "",
     "memory access out of bounds"},
};
std::string_view reason_of(const Harm& harm) {
  return harm.what == "a bottomless recursion" ? end_of_recursion() : harm.reason;
}

class HostileModules : public WasmFixture {
 protected:
  HostileModules() {
    policy_.limits.cpu_budget = policy_.limits.start_budget = std::chrono::milliseconds(20);
    policy_.limits.memory_bytes = 4u << 20;
  }

  std::string refusal(std::string_view text) {
    auto made = try_plugin(text, "x", policy_);
    if (made) return "(accepted)";
    EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
    return made.error().what;
  }
  // A callback that does harm to exchanges with a fourth header; in others it does nothing.
  static std::string harming(std::string_view callback, const Harm& harm) {
    bool is_create = callback == "context_create",
         ends = callback == "done" || callback == "log" || callback == "delete";
    bool has_last = callback.ends_with("_body");
    std::string text(harm.helpers);
    text +=
        "(global $bad (mut i32) (i32.const 0)) (func (export \"proxy_on_request_headers\") (param i32 i32 i32)"
        "(result i32) (global.set $bad (i32.gt_u (local.get 1) (i32.const 3)))";
    if (callback == "request_headers") text += "(if (global.get $bad) (then " + std::string(harm.code) + "))";
    text += "(i32.const 0))";
    if (callback == "request_headers") return wat("", text);
    text += "(func (export \"proxy_on_" + std::string(callback) + "\") (param i32";
    text += ends ? ")" : has_last || callback == "response_headers" ? " i32 i32)" : " i32)";
    bool returns = !is_create && callback != "log" && callback != "delete";
    if (returns) text += "(result i32)";
    // A context of an exchange has a parent; every one of them does harm.
    std::string_view when = is_create ? "(local.get 1)" : "(global.get $bad)";
    text += "(if " + std::string(when) + " (then " + std::string(harm.code) + "))";
    return wat("", text + (returns ? "(i32.const 0))" : ")"));
  }

  PluginPolicy policy_;
};

TEST_F(HostileModules, AreRefusedForWhatTheyDoAtTheirStart) {
  for (const Harm& harm : kHarms) {
    for (const Place& place : kStarts) {
      std::string text = wat(
          "", std::string(harm.helpers) + std::string(place.begin) + std::string(harm.code) + std::string(place.end));
      std::string reason = refusal(text);
      EXPECT_NE(reason.find("plugin test: " + std::string(place.name) + " trapped: "), std::string::npos)
          << harm.what << ": " << reason;
      bool is_known = place.name != "instantiation" || !harm.reason.starts_with("its memory");  // no instance, no size
      EXPECT_NE(reason.find(is_known ? reason_of(harm) : "unreachable"), std::string::npos)
          << harm.what << " in " << place.name << ": " << reason;
    }
  }
}

TEST_F(HostileModules, AreRefusedForWhatTheyDoToAConf) {
  for (const Harm& harm : kHarms) {
    for (std::string_view callback : kConfCallbacks) {
      bool returns = callback != "proxy_on_context_create";
      std::string text =
          wat("", std::string(harm.helpers) + "(func (export \"" + std::string(callback) + "\") (param i32 i32)" +
                      (returns ? "(result i32)" : "") + std::string(harm.code) + (returns ? "(i32.const 1))" : ")"));
      std::string reason = refusal(text);
      EXPECT_NE(reason.find("plugin test: " + std::string(callback) + " trapped: "), std::string::npos)
          << harm.what << ": " << reason;
      EXPECT_NE(reason.find(reason_of(harm)), std::string::npos) << harm.what << " in " << callback << ": " << reason;
    }
  }
}

TEST_F(HostileModules, AreStoppedInEveryCallbackAndTheNextExchangeIsServed) {
  for (const Harm& harm : kHarms) {
    for (std::string_view callback : kStreamCallbacks) {
      SCOPED_TRACE(std::string(harm.what) + " in " + std::string(callback));
      log_.take();
      auto made = plugin(harming(callback, harm), "", policy_);
      PluginRun bad(made);
      bad.header("x", "y");
      bool is_after = callback == "done" || callback == "log" || callback == "delete";
      EXPECT_EQ(bad.goes_through(), is_after);
      EXPECT_TRUE(log_.has("plugin test: proxy_on_" + std::string(callback) + " trapped: "));
      EXPECT_TRUE(log_.has(reason_of(harm)));
      run_messages();
      if (callback == "context_create") continue;  // of every exchange
      PluginRun good(made);
      EXPECT_TRUE(good.goes_through());
    }
  }
}

TEST_F(HostileModules, TablesHaveALimitFromTheStart) {
  EXPECT_NE(refusal(wat("", "(table 100001 funcref)")), "(accepted)");
  EXPECT_EQ(refusal(wat("", "(table 100000 funcref)")), "(accepted)");
  EXPECT_NE(refusal(wat("", "(table 1 funcref) (table 1 funcref)")), "(accepted)");
}

TEST_F(HostileModules, AHundredThousandExportsAreRefused) {
  std::string functions;
  for (int i = 0; i < 100'000; ++i) functions += "(func (export \"f" + std::to_string(i) + "\"))";
  EXPECT_NE(refusal(wat("", functions)).find(" names, and at most 10000 are possible"), std::string::npos);
}

TEST_F(HostileModules, AHundredThousandFunctionsAreCompiled) {
  std::string functions;
  for (int i = 0; i < 100'000; ++i) {
    functions +=
        "(func (param i32) (result i32) (i32.load (i32.add (local.get 0) (i32.const " + std::to_string(i) + "))))";
  }
  EXPECT_EQ(refusal(wat("", functions)), "(accepted)");
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST_F(HostileModules, MonstrousFunctionsAreCompiledUpToTheLimitsOfTheEngine) {
  struct Monster {
    std::string_view what;
    std::string function;
    std::string_view refusal;
  };
  constexpr std::string_view kCompiled = "(accepted)";
  const std::string_view beyond = is_wasmedge() ? kCompiled : "it does not compile";  // its limits are others
  const Monster monsters[] = {
      {"locals", "(func (local " + repeated("i64 ", 50'000) + "))", kCompiled},
      {"more locals than the specification has", "(func (local " + repeated("i64 ", 50'001) + "))", beyond},
      {"nested blocks", "(func " + repeated("(block ", 2000) + repeated(")", 2000) + ")", kCompiled},
      {"a table of branches", "(func (param i32) (block (br_table " + repeated("0 ", 65'000) + "(local.get 0))))",
       kCompiled},
      {"more branches than the engine has",
       "(func (param i32) (block (br_table " + repeated("0 ", 100'000) + "(local.get 0))))", beyond},
      {"a long one",
       "(func (param i32) " + repeated("(local.set 0 (i32.mul (local.get 0) (local.get 0)))", 20'000) + ")", kCompiled},
      {"many loops", "(func (param i32) " + repeated("(loop (br_if 0 (local.get 0)))", 5000) + ")", kCompiled},
      {"a thousand parameters", "(func (param " + repeated("i32 ", 1000) + "))", kCompiled},
      {"more parameters than the specification has", "(func (param " + repeated("i32 ", 1001) + "))",
       "it is a broken or unsupported WebAssembly module"},
  };
  for (const Monster& monster : monsters) {
    const std::string found = refusal(wat("", monster.function));
    EXPECT_NE(found.find(monster.refusal), std::string::npos) << monster.what << ": " << found;
  }
}

// Memory that one plugin has left behind is another one's memory later.
TEST_F(HostileModules, FindNothingInMemoryThatOthersHaveLeft) {
  policy_.limits.cpu_budget = policy_.limits.start_budget = std::chrono::seconds(5);
  constexpr std::string_view kTable = "(table $t 1000 funcref) (elem declare func $f) (func $f)";
  const std::string leaves = wat("", std::string(kTable) + R"((global $n (mut i32) (i32.const 0))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (memory.grow (i32.const 50)))
      (memory.fill (i32.const 8192) (i32.const 0x5a) (i32.const 3000000))
      (table.fill $t (i32.const 0) (ref.func $f) (i32.const 1000))
      (if (i32.gt_u (local.get 1) (i32.const 3)) (then unreachable))
      (i32.const 0)))");
  const std::string looks = wat("", std::string(kTable) + R"(
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (local $at i32)
      (drop (memory.grow (i32.const 50)))
      (local.set $at (i32.const 8192))
      (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 3300000))))
      (local.set $at (i32.const 0))
      (loop $next
        (if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 1000))))
      (i32.const 1)))");
  for (int round = 0; round < 6; ++round) {
    {
      auto made = plugin(leaves, "", policy_);
      PluginRun run(made);
      if (round % 2 == 1) run.header("x", "y");
      EXPECT_EQ(run.request().proceeds(), round % 2 == 0);
      run.run->log();
    }
    plugins_.clear();
    run_messages();
    EXPECT_EQ(refusal(looks), "(accepted)") << round;
    plugins_.clear();
    run_messages();
  }
}

TEST_F(HostileModules, ThatFailAtEveryRequestAreNotStartedForEach) {
  policy_.limits.start_budget = policy_.limits.cpu_budget = std::chrono::seconds(5);
  // A start that takes some milliseconds of CPU time.
  auto made = plugin(wat("", R"((func (export "_initialize") (local $i i32)
      (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 20000000)))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable))"),
                     "", policy_);
  for (int i = 0; i < 300; ++i) {
    PluginRun run(made);
    EXPECT_FALSE(run.request().proceeds());
    run_messages();
  }
  EXPECT_TRUE(log_.has("its VM failed and is started again in"));
}

std::string number(std::uint32_t value) {  // LEB128
  std::string bytes;
  do {
    bytes += static_cast<char>((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value != 0);
  return bytes;
}
std::string section(char id, std::string_view content) {
  return id + number(static_cast<std::uint32_t>(content.size())) + std::string(content);
}

class HostileFiles : public HostileModules {
 protected:
  HostileFiles()
      : good_(*make_tested_engine()->assemble(wat("", R"(
    (data (i32.const 100) "text") (table 4 funcref) (elem (i32.const 0) $f) (func $f)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))"))) {}

  // Why a binary is refused; nothing when it is a plugin.
  std::optional<std::string> refused(std::string_view bytes) {
    auto module = runtime_->load_now(write_file("hostile" + std::to_string(++files_) + ".wasm", bytes));
    if (module) return std::nullopt;
    EXPECT_EQ(module.error().code, ErrorCode::kInvalid);
    return module.error().what;
  }

  std::string good_;
};

TEST_F(HostileFiles, ThatAreCutAnywhereAreRefused) {
  std::size_t border = 8;  // between sections; a module without its last ones may be a good one
  for (std::size_t size = 0; size < good_.size(); ++size) {
    if (size == border) {
      ASSERT_LT(static_cast<unsigned char>(good_[border + 1]), 0x80);
      border += 2 + static_cast<unsigned char>(good_[border + 1]);
    } else {
      EXPECT_TRUE(refused(std::string_view(good_).substr(0, size))) << size;
    }
  }
  EXPECT_FALSE(refused(good_));
}

TEST_F(HostileFiles, WithAnyByteChangedAreRefusedOrRun) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good_;
    for (int changes = 1 + round % 3; changes > 0; --changes) {
      bytes[8 + random() % (bytes.size() - 8)] = static_cast<char>(random());
    }
    auto module = runtime_->load_now(write_file("changed" + std::to_string(round) + ".wasm", bytes));
    if (!module) continue;
    auto made = try_module(std::move(*module), "", policy_);
    if (!made) continue;
    PluginRun run(*made);
    Running running(run.run->run(Phase::kAccess));
    run.run->log();
  }
}

TEST_F(HostileFiles, OfPrecompiledCodeAreRefused) {
  // What Wasmtime writes is an ELF file; code for other engines stands in sections of its own, which are not run.
  EXPECT_NE(refused(std::string("\x7f"
                                "ELF\2\1\1",
                                7) +
                    std::string(100, '\0'))
                ->find("it is not WebAssembly"),
            std::string::npos);
  EXPECT_FALSE(refused(good_ + section('\0', number(21) + "precompiled_wasmtime!" + std::string(1000, '\xcc'))));
}

// As binary: the text format has no such names.
TEST_F(HostileFiles, WithNamesThatAreNoTextAreRefused) {
  constexpr std::string_view kName = "proxy_on_request_headers";
  std::string odd = good_;
  odd[odd.find(kName)] = '\xff';
  ASSERT_TRUE(refused(odd));
  EXPECT_NE(refused(odd)->find("it does not compile"), std::string::npos) << *refused(odd);
}

TEST_F(HostileModules, WithNamesOfFunctionsThatAreNoTextAreToldByTheirNumber) {
  policy_.limits.start_budget = std::chrono::seconds(5);
  std::string bytes = *make_tested_engine()->assemble(
      wat("", R"((func $helper unreachable) (func (export "_initialize") (call $helper)))"));
  bytes.replace(bytes.rfind("helper"), 6, "\xff\x1b[0m\n");
  auto module = runtime_->load_now(write_file("names.wasm", bytes));
  ASSERT_TRUE(module) << module.error().what;
  auto made = try_module(std::move(*module), "", policy_);
  ASSERT_FALSE(made);
  const std::string where = is_wasmedge() ? "" : " in function 2, called by _initialize";
  EXPECT_NE(made.error().what.find("trapped: unreachable (a panic or abort)" + where), std::string::npos)
      << made.error().what;
}

TEST_F(HostileFiles, MayBeLarge) {
  std::string huge = good_ + section('\0', number(4) + "bulk" + std::string(50u << 20, 'x'));
  EXPECT_FALSE(refused(huge));
}

TEST_F(HostileFiles, ThatPromiseMoreThanTheyHoldTakeNoMemoryForIt) {
  std::string head = good_.substr(0, 8);
  for (char id : {'\1', '\2', '\3', '\7'}) {
    EXPECT_TRUE(refused(head + section(id, number(0xffffffff)))) << static_cast<int>(id);
    EXPECT_TRUE(refused(head + section(id, number(0xffffffff) + std::string(100, '\x60')))) << static_cast<int>(id);
  }
  EXPECT_TRUE(refused(head + '\1' + number(0xffffffff)));
  EXPECT_TRUE(refused(head + '\1' + std::string(20, '\xff')));
}

}  // namespace
}  // namespace sallyport::wasm
