#include "plugins/wasm/trial_vms.h"

#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

using testing::HasSubstr;

// Accepts confs of 1 and 2 bytes; says how many it has been given, which a fresh VM begins anew. With 2 bytes it traps
// when the conf ends, with 4 while it is configured, and 3 are accepted in a fresh VM alone.
constexpr std::string_view kPlugin = R"(
  (global $given (mut i32) (i32.const 0)) (global $size (mut i32) (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (global.set $size (local.get 1))
    (global.set $given (i32.add (global.get $given) (i32.const 1)))
    (i32.store8 (i32.const 100) (i32.add (i32.const 48) (global.get $given)))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1)))
    (if (i32.eq (local.get 1) (i32.const 4)) (then unreachable))
    (if (i32.eq (local.get 1) (i32.const 3)) (then (return (i32.eq (global.get $given) (i32.const 1)))))
    (i32.lt_u (local.get 1) (i32.const 3)))
  (func (export "proxy_on_done") (param i32) (result i32)
    (if (i32.eq (global.get $size) (i32.const 2)) (then unreachable)) (i32.const 1)))";

class TrialVmsTest : public WasmFixture {
 protected:
  TrialVmsTest() {
    auto spec = std::make_shared<VmSpec>();
    spec->plugin = "test";
    spec->module = *runtime_->load_now(write_file(
        "trial.wat", wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))", kPlugin)));
    spec->clock = &clock_;
    spec->state = std::make_shared<SharedState>(clock_, SharedStateLimits{}, 1);
    spec_ = std::move(spec);
  }
  bool accepts(std::size_t size, const std::string& kind = "one") {
    RootConf conf{"test", "root", std::string(size, 'x'), {}};
    auto costs = trials_.try_out(kind, spec_, conf);
    if (!costs) why_ = costs.error().what;
    return costs.has_value();
  }

  std::shared_ptr<const VmSpec> spec_;
  TrialVms trials_;
  std::string why_;
};

TEST_F(TrialVmsTest, AConfThatGoesWellLeavesItsVmForTheNext) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(accepts(1));
  EXPECT_EQ(trials_.kept(), 1u);
  EXPECT_FALSE(log_.has("plugin test")) << "what is only tried says nothing";
  EXPECT_FALSE(accepts(5));
  EXPECT_TRUE(log_.has("plugin test: 1")) << "a fresh one has decided";
  EXPECT_FALSE(log_.has("plugin test: 4"));
}

TEST_F(TrialVmsTest, WhatIsRefusedWhereOthersWereIsTriedInAFreshOne) {
  EXPECT_TRUE(accepts(1));
  EXPECT_TRUE(accepts(3));
  EXPECT_EQ(trials_.kept(), 1u) << "the one before is thrown away";
  EXPECT_FALSE(accepts(5));
  EXPECT_THAT(why_, HasSubstr("proxy_on_configure refused the configuration"));
  EXPECT_EQ(trials_.kept(), 0u);
}

TEST_F(TrialVmsTest, OneThatTrapsIsNotEnteredAgain) {
  EXPECT_TRUE(accepts(1));
  EXPECT_FALSE(accepts(4));
  EXPECT_THAT(why_, HasSubstr("proxy_on_configure trapped: unreachable"));
  EXPECT_EQ(trials_.kept(), 0u);
  EXPECT_TRUE(accepts(2));
  EXPECT_TRUE(accepts(1)) << "though that of the conf before trapped when it ended";
  EXPECT_EQ(trials_.kept(), 1u);
}

TEST_F(TrialVmsTest, OfEachKindThereIsOneAndFewOfThem) {
  for (std::string_view kind : {"one", "two", "three", "four", "five", "two"})
    EXPECT_TRUE(accepts(1, std::string(kind)));
  EXPECT_EQ(trials_.kept(), TrialVms::kMostKept);
  EXPECT_EQ(trials_.kept(), 4u);
  trials_.clear();
  EXPECT_EQ(trials_.kept(), 0u);
}

}  // namespace
}  // namespace sallyport::wasm
