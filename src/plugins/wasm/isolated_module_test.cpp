#include "plugins/wasm/isolated_module.h"

#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/guest_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace sallyport::wasm {
namespace {

using testing::HasSubstr;

class IsolatedModules : public testing::Test {
 protected:
  void SetUp() override {
    if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  }
  Result<std::string> isolated(std::string_view text) {
    TRY(std::string binary, engine_->assemble(text));
    return isolated_module(binary);
  }
  std::string refusal(std::string_view text) {
    auto made = isolated(text);
    return made ? "(accepted)" : made.error().what;
  }
  std::shared_ptr<const CompiledModule> compiled(std::string_view text) {
    auto bytes = isolated(text);
    if (!bytes) throw std::runtime_error(bytes.error().what);
    auto made = engine_->compile(*bytes, {}, {});
    if (!made) throw std::runtime_error(made.error().what);
    return *made;
  }
  std::unique_ptr<Instance> instance(const CompiledModule& module) {
    auto made = module.make_instance(InstanceLimits(), nullptr);
    EXPECT_TRUE(made->instantiate());
    return made;
  }
  static std::uint64_t call(Instance& instance, std::string_view function, std::uint64_t argument = 0) {
    std::array<Slot, 1> slots{{{argument}}};
    EXPECT_TRUE(instance.call(instance.find(function), slots)) << function;
    return slots[0].u64();
  }

  std::shared_ptr<Engine> engine_ = make_tested_engine(Isolation::kRequest);
};

TEST_F(IsolatedModules, MemoryAndGlobalsOfEveryTypeGoBack) {
  auto module = compiled(R"((module (memory (export "memory") 2)
    (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2)) (global $c (mut f32) (f32.const 3))
    (global $d (mut f64) (f64.const 4)) (global $e (mut v128) (v128.const i64x2 5 6)) (global i32 (i32.const 7))
    (func (export "add") (param i32)
      (global.set $a (i32.add (global.get $a) (local.get 0)))
      (global.set $b (i64.add (global.get $b) (i64.const 1)))
      (global.set $c (f32.add (global.get $c) (f32.const 1)))
      (global.set $d (f64.add (global.get $d) (f64.const 1)))
      (global.set $e (i64x2.add (global.get $e) (v128.const i64x2 1 1)))
      (i32.store (i32.const 70000) (local.get 0)) (i32.store8 (i32.const 9) (local.get 0)))
    (func (export "sum") (result i64)
      (i64.add (i64.add (i64.extend_i32_s (global.get $a)) (global.get $b))
        (i64.add (i64.add (i64.trunc_f32_s (global.get $c)) (i64.trunc_f64_s (global.get $d)))
          (i64.add (i64x2.extract_lane 0 (global.get $e)) (i64x2.extract_lane 1 (global.get $e))))))
    (func (export "seen") (result i32)
      (i32.add (i32.load (i32.const 70000)) (i32.load8_u (i32.const 9))))))");
  auto first = instance(*module);
  call(*first, "add", 5);
  auto image = first->capture();
  ASSERT_NE(image, nullptr);
  auto copy = instance(*module);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(copy->restore(image));
    EXPECT_EQ(call(*copy, "sum"), 21u + 5 + 5);
    EXPECT_EQ(static_cast<std::uint32_t>(call(*copy, "seen")), 10u);
    call(*copy, "add", 100);
    EXPECT_EQ(static_cast<std::uint32_t>(call(*copy, "seen")), 200u);
  }
  EXPECT_EQ(call(*first, "sum"), 31u) << "the one that was captured does not follow";
}

TEST_F(IsolatedModules, AnInstanceGoesFromOneImageToAnother) {
  auto module = compiled(R"((module (memory (export "memory") 8 20)
    (data (i32.const 100000) "data of the module")
    (func (export "write") (param i32) (i32.store (local.get 0) (local.get 0)))
    (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 2)))))");
  auto read = [&](Instance& from, std::uint32_t at) { return static_cast<std::uint32_t>(call(from, "read", at)); };
  auto first = instance(*module);
  call(*first, "write", 5000);
  auto small = first->capture();
  call(*first, "grow");
  call(*first, "write", 600000);
  call(*first, "write", 9000);
  auto large = first->capture();
  auto copy = instance(*module);
  ASSERT_TRUE(copy->restore(small));
  EXPECT_EQ(read(*copy, 5000), 5000u);
  EXPECT_EQ(read(*copy, 9000), 0u);
  call(*copy, "write", 300000);
  ASSERT_TRUE(copy->restore(large));
  EXPECT_EQ(read(*copy, 300000), 0u);
  EXPECT_EQ(read(*copy, 9000), 9000u);
  EXPECT_EQ(read(*copy, 600000), 600000u);
  EXPECT_FALSE(copy->restore(small)) << "a memory does not shrink";
}

TEST_F(IsolatedModules, TheBaseMayBeLargerThanAnImage) {
  auto module = compiled(R"((module (memory (export "memory") 1 20)
    (func (export "write") (param i32) (i32.store (local.get 0) (local.get 0)))
    (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 2)))))");
  auto first = instance(*module);
  call(*first, "grow");
  call(*first, "write", 100000);
  auto large = first->capture();
  auto second = instance(*module);
  auto small = second->capture();
  auto copy = instance(*module);
  ASSERT_TRUE(copy->restore(small));
  EXPECT_EQ(copy->memory().size, 65536u);
  ASSERT_TRUE(copy->restore(large));
  EXPECT_EQ(static_cast<std::uint32_t>(call(*copy, "read", 100000)), 100000u);
}

TEST_F(IsolatedModules, GrownMemoryIsNotUsedAgain) {
  auto module = compiled(R"((module (memory (export "memory") 1)
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
  auto copy = instance(*module);
  auto image = copy->capture();
  call(*copy, "grow");
  EXPECT_FALSE(copy->restore(image));
}

TEST_F(IsolatedModules, ManyWrittenPagesGoBackToo) {
  auto module = compiled(R"((module (memory (export "memory") 100)
    (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
    (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))))");
  auto copy = instance(*module);
  auto image = copy->capture();
  for (std::uint32_t bytes : {100u, 6553600u, 6553600u, 100u, 6553600u, 3000000u, 5000u}) {
    call(*copy, "fill", bytes);
    ASSERT_TRUE(copy->restore(image));
    for (std::uint32_t at : {0u, 4096u, 2999996u, 6553596u}) EXPECT_EQ(call(*copy, "read", at) & 0xffffffff, 0u) << at;
  }
}

TEST(OwnPages, ThoseThatWereWrittenAreFoundAgain) {
  std::vector<std::byte> zeros(8 * kPageBytes);
  auto base = BaseMemory::make({zeros.data(), zeros.size()});
  ASSERT_NE(base, nullptr);
  void* bytes = mmap(nullptr, zeros.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, base->file(), 0);
  ASSERT_NE(bytes, MAP_FAILED);
  MemoryView memory{static_cast<std::byte*>(bytes), zeros.size()};
  memory.base[2 * kPageBytes] = std::byte{1};
  memory.base[7 * kPageBytes + 5] = memory.base[5 * kPageBytes];
  auto own = own_pages(memory);
  if (!own) GTEST_SKIP() << "this system has no page map";
  EXPECT_THAT(*own, testing::ElementsAre(2, 7));
  munmap(bytes, zeros.size());
}

TEST_F(IsolatedModules, DroppedSegmentsAreThereAgain) {
  auto module = compiled(R"((module (memory (export "memory") 1) (table 1 funcref)
    (data $text "secret") (elem $functions func $f) (func $f)
    (func (export "use") (result i32)
      (memory.init $text (i32.const 0) (i32.const 0) (i32.const 6)) (data.drop $text) (elem.drop $functions)
      (i32.load8_u (i32.const 0)))))");
  auto copy = instance(*module);
  auto image = copy->capture();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(call(*copy, "use") & 0xff, std::uint64_t{'s'});
    ASSERT_TRUE(copy->restore(image));
    EXPECT_EQ(copy->memory().base[0], std::byte{0});
  }
}

TEST_F(IsolatedModules, ModulesThatWriteToTablesAreRefused) {
  for (std::string_view code :
       {"(table.set (i32.const 0) (ref.func $f))", "(drop (table.grow (ref.null func) (i32.const 1)))",
        "(table.fill (i32.const 0) (ref.null func) (i32.const 1))",
        "(table.copy (i32.const 0) (i32.const 0) (i32.const 1))",
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))"}) {
    std::string text = "(module (table 2 funcref) (elem $e func $f) (func $f " + std::string(code) + "))";
    EXPECT_THAT(refusal(text), HasSubstr("isolation: request is not possible: the module writes to a table")) << code;
  }
  EXPECT_EQ(refusal("(module (table 2 funcref) (func (drop (table.get (i32.const 0))) (drop (table.size 0))))"),
            "(accepted)");
}

TEST_F(IsolatedModules, GlobalsWithReferencesAreRefused) {
  EXPECT_THAT(refusal("(module (global (mut funcref) (ref.null func)))"), HasSubstr("holds a reference"));
  EXPECT_EQ(refusal("(module (global funcref (ref.null func)))"), "(accepted)");
}

TEST_F(IsolatedModules, GlobalsThatCanChangeNeedAPlaceAmongExports) {
  EXPECT_THAT(refusal("(module (global (mut i32) (i32.const 1)))"), HasSubstr("the module exports nothing"));
  EXPECT_EQ(refusal("(module (memory (export \"memory\") 1) (global (mut i32) (i32.const 1)))"), "(accepted)");
}

TEST_F(IsolatedModules, TooManyGlobalsAreRefused) {
  std::string text = "(module ";
  for (int i = 0; i < 1001; ++i) text += "(global (mut i32) (i32.const 0))";
  EXPECT_THAT(refusal(text + ")"), HasSubstr("more than 1000 globals"));
}

TEST_F(IsolatedModules, EveryKindOfInstructionIsReadToItsEnd) {
  auto module = compiled(R"((module (memory (export "memory") 1) (table 1 funcref) (type $t (func (result i32)))
    (global $g (mut i32) (i32.add (i32.const 70) (i32.const 7))) (elem (i32.const 0) func $seven)
    (func $seven (result i32) (i32.const 7))
    (func $tail (result i32) (return_call $seven))
    (func $indirect (result i32) (return_call_indirect (type $t) (i32.const 0)))
    (func (export "all") (param i32) (result i32) (local i64 f32 f64 v128)
      (block (block (block (br_table 0 1 2 (local.get 0)))))
      (loop (br_if 0 (i32.const 0)))
      (if (i32.const 1) (then (nop)) (else (unreachable)))
      (local.set 1 (i64.const -9223372036854775808)) (local.set 2 (f32.const 0x1.fep1)) (local.set 3 (f64.const 11))
      (local.set 4 (v128.const i32x4 11 11 11 11))
      (local.set 4 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 11 (local.get 4) (local.get 4)))
      (local.set 4 (i32x4.replace_lane 3 (local.get 4) (i32.const 11)))
      (v128.store offset=11 align=1 (i32.const 0) (local.get 4))
      (local.set 4 (v128.load8_lane offset=11 15 (i32.const 0) (local.get 4)))
      (local.set 4 (v128.load32_zero (i32.const 0)))
      (local.set 4 (i32x4.relaxed_trunc_f32x4_s (local.get 4)))
      (drop (select (result i64) (local.get 1) (i64.const 1) (i32.const 1)))
      (drop (i32.trunc_sat_f64_s (local.get 3)))
      (drop (i64.extend8_s (local.get 1))) (drop (ref.is_null (ref.null func))) (drop (ref.func $seven))
      (memory.copy (i32.const 0) (i32.const 8) (i32.const 8)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
      (drop (memory.size)) (drop (memory.grow (i32.const 0)))
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (i32.add (global.get $g) (i32.add (call $tail)
        (i32.add (call $indirect) (call_indirect (type $t) (i32.const 0)))))))
  )");
  auto copy = instance(*module);
  auto image = copy->capture();
  EXPECT_EQ(call(*copy, "all") & 0xffff, 78u + 21);
  EXPECT_EQ(call(*copy, "all") & 0xffff, 79u + 21);
  ASSERT_TRUE(copy->restore(image));
  EXPECT_EQ(call(*copy, "all") & 0xffff, 78u + 21);
}

TEST_F(IsolatedModules, BrokenModulesAreRefused) {
  std::string whole = *engine_->assemble(R"((module (memory (export "memory") 1) (global (mut i32) (i32.const 1))
    (func (export "f") (result i32) (i32.const 300))))");
  std::size_t refused = 0;
  for (std::size_t size = 8; size < whole.size(); ++size) {
    if (!isolated_module(std::string_view(whole).substr(0, size))) ++refused;
  }
  EXPECT_GT(refused, whole.size() / 2) << "the others end where a section does";
  for (std::size_t at = 8; at < whole.size(); ++at) {
    for (char bits : {'\xff', '\x80', '\x26'}) {
      std::string changed = whole;
      changed[at] = bits;
      refused += isolated_module(changed) ? 0 : 1;
    }
  }
}

}  // namespace
}  // namespace sallyport::wasm
