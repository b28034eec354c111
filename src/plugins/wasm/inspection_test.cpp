#include "plugins/wasm/inspection.h"

#include "base/temporary_folder_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace sallyport::wasm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Inspection inspected(std::string_view text) {
  TemporaryFolder folder;
  return inspect(folder.write("one.wat", std::string(text)));
}

TEST(Inspection, TellsOfAPluginWhatItIs) {
  Inspection one = inspected(wat(R"((import "env" "proxy_log" (func (param i32 i32 i32) (result i32))))",
                                 R"((func (export "proxy_on_log") (param i32)))", "0_2_0"));
  EXPECT_TRUE(one.is_accepted);
  EXPECT_THAT(one.text, AllOf(HasSubstr("ABI         0.2.0\n"), HasSubstr("built with  unknown"),
                              HasSubstr("imports     1\n  env.proxy_log (i32, i32, i32) -> i32\n"),
                              HasSubstr("callbacks\n  proxy_on_log (i32) -> ()\nother exports\n  memory\n"),
                              HasSubstr("accepted: it compiles and starts\n")));
}

TEST(Inspection, NamesEveryImportThatIsRefused) {
  Inspection one = inspected(wat(R"((import "env" "proxy_log" (func (param i32)))
                                    (import "env" "proxy_teleport" (func)) (import "env" "base" (global i32)))",
                                 ""));
  EXPECT_FALSE(one.is_accepted);
  EXPECT_THAT(one.text, AllOf(HasSubstr("env.proxy_log (i32) -> ()  REFUSED: offered as (i32, i32, i32) -> i32\n"),
                              HasSubstr("env.proxy_teleport () -> ()  REFUSED: not offered by this gateway\n"),
                              HasSubstr("env.base   REFUSED: no function\n"), HasSubstr("\nREFUSED: /")));
}

TEST(Inspection, NamesAnImportThatIsRefusedAtTheEndOfALongList) {
  std::string imports;
  for (int i = 0; i < 250; ++i) imports += R"((import "env" "proxy_log" (func (param i32 i32 i32) (result i32))))";
  Inspection one = inspected(wat(imports + R"((import "env" "proxy_teleport" (func)))", ""));
  EXPECT_FALSE(one.is_accepted);
  EXPECT_THAT(one.text, AllOf(HasSubstr("imports     251\n"), HasSubstr("\n  and 50 more\n"),
                              HasSubstr("env.proxy_teleport () -> ()  REFUSED: not offered by this gateway\n")));
}

TEST(Inspection, NamesAreLinesThatDoNothingToATerminal) {
  Inspection one = inspected(wat(R"((import "env" "one\n\1b[31mtwo" (func)))", R"((func (export "a\07b\0dc")))"));
  EXPECT_THAT(one.text, AllOf(HasSubstr("  env.one  [31mtwo () -> ()  REFUSED: not offered by this gateway\n"),
                              HasSubstr("  a b c () -> ()\n"), HasSubstr(": it imports env.one  [31mtwo, which")));
  Inspection traps = inspected(wat("", R"((func (export "_initialize") (call $"two\0alines\1b[0m"))
                                          (func $"two\0alines\1b[0m" unreachable))"));
  EXPECT_THAT(traps.text, HasSubstr("trapped: unreachable (a panic or abort) in two lines [0m"));
}

TEST(Inspection, StartsTheModule) {
  Inspection one = inspected(wat("", R"((func (export "_initialize") unreachable))"));
  EXPECT_FALSE(one.is_accepted);
  EXPECT_THAT(one.text, HasSubstr("REFUSED: plugin inspected: _initialize trapped"));
}

std::string exporting(int functions) {
  std::string text;
  for (int i = 0; i < functions; ++i) text += "(func (export \"f" + std::to_string(i) + "\"))";
  return wat("", text);
}

TEST(Inspection, ShowsTheBeginningOfALongList) {
  Inspection one = inspected(exporting(9000));
  EXPECT_TRUE(one.is_accepted) << one.text;
  EXPECT_LT(std::ranges::count(one.text, '\n'), 250);
  EXPECT_THAT(one.text, testing::ContainsRegex("\n  and 88[0-9]* more\n"));
}

TEST(Inspection, RefusesTooManyExportsBeforeItCompilesThem) {
  Inspection one = inspected(exporting(100'000));
  EXPECT_FALSE(one.is_accepted);
  EXPECT_LT(std::ranges::count(one.text, '\n'), 250);
  EXPECT_THAT(one.text, testing::ContainsRegex("REFUSED: .*: it exports 10000[0-9] names, and at most 10000 are "
                                               "possible; build it so that it exports what the host calls alone"));
}

TEST(Inspection, SaysWhyAFileIsNoModule) {
  EXPECT_THAT(inspect("/no/such/file.wasm").text, StartsWith("REFUSED: /no/such/file.wasm: cannot be read"));
  EXPECT_THAT(inspected("#!/bin/sh").text, HasSubstr("it is not WebAssembly"));
  EXPECT_THAT(inspected("(module)").text, HasSubstr("it is no Proxy-Wasm plugin"));
}

}  // namespace
}  // namespace sallyport::wasm
