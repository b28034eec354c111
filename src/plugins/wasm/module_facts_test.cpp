#include "plugins/wasm/module_facts.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

std::string built(std::vector<Producer> producers) {
  ModuleOutline outline;
  outline.producers = std::move(producers);
  return built_with(outline);
}

TEST(ModuleFacts, TheCompilerIsKnownFromTheProducers) {
  EXPECT_EQ(built({{"rustc", "1.96.0 (ac68faa20 2026-05-25)"}}), "Rust (rustc 1.96.0)");
  EXPECT_EQ(built({{"clang", "19"}, {"Rust", ""}, {"rustc", "1.80.1"}}), "Rust (rustc 1.80.1)");
  EXPECT_EQ(built({{"Go", "go1.26.8"}, {"Go cmd/compile", "go1.26.8"}}), "Go (go1.26.8)");
  EXPECT_EQ(built({{"Go", "go1.23"}, {"TinyGo", "0.34.0"}}), "Go (TinyGo 0.34.0)");
  EXPECT_EQ(built({{"Debian clang", "19.1.7 (3~deb12u1)"}}), "C or C++ (clang 19.1.7)");
  EXPECT_EQ(built({}), "");
  EXPECT_EQ(built({{"a compiler of one's own", "1"}}), "");
}

TEST(ModuleFacts, AssemblyScriptIsKnownFromItsRuntime) {
  ModuleOutline outline;
  outline.exports.push_back({"__rtti_base", ExternKind::kGlobal, 0, {}});
  EXPECT_EQ(built_with(outline), "AssemblyScript");
}

TEST(ModuleFacts, ProducersAreReadFromTheirSection) {
  using namespace std::string_literals;
  std::string section =
      "\x09producers\x01\x0cprocessed-by\x01\x05rustc\x06"
      "1.96.0";
  std::string module = "\0asm\1\0\0\0\0"s + static_cast<char>(section.size()) + section;
  auto outline = read_module(module);
  ASSERT_TRUE(outline) << outline.error().what;
  EXPECT_EQ(built_with(*outline), "Rust (rustc 1.96.0)");
  std::string cut = section.substr(0, section.size() - 3);
  auto broken = read_module("\0asm\1\0\0\0\0"s + static_cast<char>(cut.size()) + cut);
  ASSERT_TRUE(broken) << "what is wrong in a custom section is nobody's business";
  EXPECT_EQ(built_with(*broken), "");
}

TEST(ModuleFacts, ASectionThatIsReadIsReadToItsEnd) {
  using namespace std::string_literals;
  const std::string types = "\0asm\1\0\0\0\1"s;
  EXPECT_TRUE(read_module(types + "\4\1\x60\0\0"s));
  EXPECT_FALSE(read_module(types + "\5\1\x60\0\0\0"s)) << "what is behind is no type";
  const std::string many = "\1\x60\xe9\x07" + std::string(1001, '\x7f') + '\0';
  EXPECT_FALSE(read_module(types + "\xee\x07" + many)) << "1001 parameters";
}

}  // namespace
}  // namespace sallyport::wasm
