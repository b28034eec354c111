#include "plugins/wasm/bounded_module.h"

#include "plugins/wasm/engine_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

std::string binary(std::string_view text) { return *make_tested_engine()->assemble(text); }

// The table section of one table of functions.
std::string table(std::string limits) {
  std::string content = "\1\x70" + std::move(limits);
  return std::string("\4") + static_cast<char>(content.size()) + content;
}

TEST(BoundedModule, ATableWithoutALimitGetsOne) {
  auto bounded = bounded_module(binary("(module (table 7 funcref) (memory 3))"), "none");
  ASSERT_TRUE(bounded);
  EXPECT_NE(bounded->bytes.find(table("\1\7\xa0\x8d\6")), std::string::npos) << "100000 in LEB128";
  EXPECT_EQ(bounded->memory_bytes, 3u << 16);
}

TEST(BoundedModule, ASmallerLimitStaysAndALargerOneDoesNot) {
  auto smaller = bounded_module(binary("(module (table 7 9 funcref))"), "none");
  EXPECT_NE(smaller->bytes.find(table("\1\7\t")), std::string::npos);
  auto larger = bounded_module(binary("(module (table 7 200000 funcref))"), "none");
  EXPECT_NE(larger->bytes.find(table("\1\7\xa0\x8d\6")), std::string::npos);
}

TEST(BoundedModule, LargeTablesAndSeveralAreRefused) {
  auto large = bounded_module(binary("(module (table 100001 funcref))"), "none");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().what, "its table has 100001 elements, and may have 100000");
  auto several = bounded_module(binary("(module (table 1 funcref) (table 1 funcref))"), "none");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().what, "it has 2 tables, and may have 1");
}

TEST(BoundedModule, TheRestStaysApartFromTheSectionThatIsNotWanted) {
  const std::string module = binary("(module (func (export \"f\")))");
  const std::string unwanted("\0\5\4code", 7);
  EXPECT_EQ(bounded_module(module + unwanted + unwanted, "code")->bytes, module);
  EXPECT_EQ(bounded_module(module + unwanted, "other")->bytes, module + unwanted);
}

TEST(BoundedModule, BrokenModulesHarmNothing) {
  const std::string module = binary("(module (table 7 funcref) (memory 3))");
  for (std::size_t size = 0; size < module.size(); ++size) {
    auto bounded = bounded_module(std::string_view(module).substr(0, size), "none");
    if (bounded) EXPECT_LE(bounded->bytes.size(), module.size() + 8);
  }
}

}  // namespace
}  // namespace sallyport::wasm
