#include "base/environment.h"

#include <gmock/gmock.h>

namespace sallyport {
namespace {

std::string substitute(std::string_view text) {
  auto lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HOST") return "10.0.0.1";
    if (name == "EMPTY") return "";
    return {};
  };
  auto done = substitute_environment(text, "a.yaml", lookup);
  return done ? *done : "error: " + done.error().what;
}

TEST(Environment, ReferencesBecomeValues) {
  EXPECT_EQ(substitute("${{HOST}}"), "10.0.0.1");
  EXPECT_EQ(substitute("a: \"${{ HOST }}:80\" # ${{HOST}}"), "a: \"10.0.0.1:80\" # 10.0.0.1");
  EXPECT_EQ(substitute("[${{EMPTY}}]"), "[]");
}

TEST(Environment, ADefaultStandsForAMissingVariableOnly) {
  EXPECT_EQ(substitute("${{PORT:=9080}}"), "9080");
  EXPECT_EQ(substitute("${{PORT := a b }}"), "a b");
  EXPECT_EQ(substitute("[${{PORT:=}}]"), "[]");
  EXPECT_EQ(substitute("${{HOST:=x}}"), "10.0.0.1");
  EXPECT_EQ(substitute("[${{EMPTY:=x}}]"), "[]");
}

TEST(Environment, AMissingVariableIsNamedWithItsPlace) {
  EXPECT_EQ(substitute("a: 1\nbc: ${{PORT}}"),
            "error: a.yaml:2:5: environment variable PORT is not set; set it, or give a default with ${{PORT:=value}}");
}

TEST(Environment, ACommentMayNameWhatIsMissing) {
  EXPECT_EQ(substitute("  # host: ${{PORT}}\nx"), "  # host: ${{PORT}}\nx");
  EXPECT_EQ(substitute("# ${{PORT}} ${{HOST}}"), "# ${{PORT}} 10.0.0.1");
}

TEST(Environment, WhatIsNoReferenceStaysAsItIs) {
  for (std::string_view text : {"$HOST ${HOST}", "${{HO-ST}}", "${{}}", "${{HOST", "${{HO\nST}}", ""}) {
    EXPECT_EQ(substitute(text), text);
  }
}

}  // namespace
}  // namespace sallyport
