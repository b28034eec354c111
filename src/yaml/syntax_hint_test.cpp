#include "yaml/syntax_hint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::yaml {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string wrong_with(std::string_view text) {
  auto document = Document::parse(text, "a.yaml");
  return document ? "nothing" : document.error().what;
}

TEST(SyntaxHint, TabsAreNamed) {
  EXPECT_EQ(wrong_with("a:\n\tb: 1\n"), "a.yaml:2:3: illegal map value; line 2 is indented with a tab; use spaces");
  EXPECT_THAT(wrong_with("a:\r\n  c: 1\r\n\tb: 1\r\n"), EndsWith("; line 3 is indented with a tab; use spaces"));
}

TEST(SyntaxHint, TheBracketThatIsNotClosedIsNamed) {
  EXPECT_THAT(wrong_with("a: {b: 1\nc: {}\n"), EndsWith("; the { of line 1, column 4 is not closed"));
  EXPECT_THAT(wrong_with("a:\n  - [x, '[', \"]\", y  # ]\n"), EndsWith("; the [ of line 2, column 5 is not closed"));
  EXPECT_THAT(wrong_with("a: {b: [1, 2}\nc: 1\n"),
              EndsWith("; the [ of line 1, column 8 is not closed before the } of line 1, column 13"));
}

TEST(SyntaxHint, AQuoteThatIsNotClosedIsAnError) {
  EXPECT_EQ(wrong_with("a:\n  b: \"x\n  c: 1\n"), "a.yaml:2:6: this quote is never closed; close it");
  EXPECT_EQ(wrong_with("\xC3\xA4: it's\nb: 'it''s\nc: 1\n"), "a.yaml:2:4: this quote is never closed; close it");
  EXPECT_EQ(wrong_with("a: [\"x]\n"), "a.yaml:1:5: this quote is never closed; close it");
  for (const char* good : {"a: 'it''s'", "a: \"x\\\"\"", "a: it's", "a: |\n  \"x\n", "a: \"x\n  y\"", "\"a\": ''"}) {
    EXPECT_EQ(wrong_with(good), "nothing") << good;
  }
}

TEST(SyntaxHint, ColonsThatLackSomethingAreNamed) {
  EXPECT_THAT(wrong_with("a:\n  uri:/a\n  b: 1\n"), EndsWith("; write a space behind the colon of line 2: `uri: /a`"));
  EXPECT_THAT(wrong_with("a: b: c\n"), EndsWith("; quote the value of line 1, as it contains a colon and a space"));
  EXPECT_THAT(wrong_with("a: 1\nb\nc: 2\n"), EndsWith("; line 2, `b`, has no colon; write `key: value`"));
}

TEST(SyntaxHint, OddIndentationIsNamed) {
  EXPECT_THAT(wrong_with("a:\n  b: 1\n\n # why\n c: 2\n"), HasSubstr("; line 5 is indented by 1 and line 2 by 2: "));
  EXPECT_THAT(wrong_with("a:\n  - b\n  c: 1\n"), EndsWith("; what stands here does not go on what stands above it"));
}

TEST(SyntaxHint, TextsThatMustBeQuotedAreNamed) {
  EXPECT_THAT(wrong_with("hosts: [*.example.com]\n"), EndsWith("; quote a text that begins with *"));
  EXPECT_THAT(wrong_with("a: @b\n"), EndsWith("; quote a text that begins with @"));
  EXPECT_THAT(wrong_with("a: \"\\d+\"\n"), HasSubstr("; in double quotes a backslash is written twice"));
}

}  // namespace
}  // namespace sallyport::yaml
