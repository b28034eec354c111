#include "app/wasm_tools.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::app {
namespace {

Result<WasmInspectOptions> parse(std::vector<const char*> arguments) { return parse_wasm_inspect(arguments); }

std::string mistake(std::vector<const char*> arguments) {
  auto options = parse(std::move(arguments));
  return options ? "" : options.error().what;
}

TEST(WasmTools, OptionsOfInspectStandOnEitherSideOfItsFile) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{"a.wasm", "--engine", "pulley"},
                                                {"--engine", "pulley", "a.wasm"},
                                                {"--engine=pulley", "a.wasm"}}) {
    auto options = parse(words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->file, "a.wasm");
    EXPECT_EQ(options->engine, wasm::EngineKind::kPulley);
  }
  EXPECT_EQ(parse({"a.wasm"})->engine, wasm::EngineKind::kWasmtime);
}

TEST(WasmTools, MistakesWithInspectAreNamed) {
  EXPECT_EQ(mistake({}), "wasm inspect wants the FILE of a module");
  EXPECT_EQ(mistake({"a.wasm", "b.wasm"}), "'b.wasm': only one FILE can be given; it is a.wasm");
  EXPECT_EQ(mistake({"a.wasm", "--engine"}), "--engine wants a value after it");
  EXPECT_EQ(mistake({"--engine", "v8", "a.wasm"}), "--engine v8: write one of wasmtime, pulley, wasmedge");
  EXPECT_EQ(mistake({"--verbose", "a.wasm"}), "unknown option --verbose");
}

}  // namespace
}  // namespace sallyport::app
