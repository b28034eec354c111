#include "plugins/wasm/engine_choice.h"

#include "plugins/wasm/engine.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kDouble = R"((module (memory (export "memory") 1)
  (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))))";

TEST(EngineChoice, EachEngineHasAName) {
  for (EngineKind kind : {EngineKind::kWasmtime, EngineKind::kPulley, EngineKind::kWasmEdge}) {
    EXPECT_EQ(engine_named(name_of(kind)), kind);
    EXPECT_NE(engine_names().find(name_of(kind)), std::string::npos);
  }
  EXPECT_FALSE(engine_named("v8"));
}

TEST(EngineChoice, BothRunAModuleAndNeitherTakesTheCodeOfTheOther) {
  for (Isolation isolation : {Isolation::kWorker, Isolation::kRequest}) {
    std::array<std::string, 2> saved;
    std::array<std::shared_ptr<Engine>, 2> engines{*make_engine(EngineKind::kWasmtime, isolation),
                                                   *make_engine(EngineKind::kPulley, isolation)};
    for (std::size_t i = 0; i < engines.size(); ++i) {
      auto module = engines[i]->compile(*engines[i]->assemble(kDouble), {}, {});
      ASSERT_TRUE(module) << module.error().what;
      auto instance = (*module)->make_instance({}, nullptr);
      ASSERT_TRUE(instance->instantiate());
      std::array<Slot, 1> slots;
      slots[0].set(21u);
      ASSERT_TRUE(instance->call(instance->find("double"), slots));
      EXPECT_EQ(slots[0].u32(), 42u);
      saved[i] = *(*module)->save();
    }
    EXPECT_NE(engines[0]->fingerprint(), engines[1]->fingerprint());
    EXPECT_FALSE(engines[0]->load(saved[1], {}, {}));
    EXPECT_FALSE(engines[1]->load(saved[0], {}, {}));
  }
}

}  // namespace
}  // namespace sallyport::wasm
