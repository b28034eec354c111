#include "json/misspelt.h"

#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::json {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> misspelt(std::string_view value) {
  static const Value schema = *parse(R"({"properties": {
    "header_name": {"type": "string"},
    "headers": {"type": "object", "properties": {"set": {"type": "object"}, "remove": {"type": "array"}}},
    "vars": {"type": "object", "properties": {"name": {}}, "patternProperties": {"^x": {}}}}})");
  return misspelt_members(schema, *parse(value));
}

TEST(Misspelt, IsAMemberThatIsNearANamedOneAtAnyDepth) {
  EXPECT_THAT(misspelt(R"({"header_nam": "X", "headers": {"remov": ["a"], "set": {"remov": 1}}})"),
              ElementsAre("header_nam is unknown and has no effect; did you mean header_name?",
                          "headers.remov is unknown and has no effect; did you mean remove?"));
}

TEST(Misspelt, IsNothingThatIsNamedOrLikeNothing) {
  EXPECT_THAT(misspelt(R"({"header_name": "X", "our_team": "edge", "headers": 7})"), IsEmpty());
  EXPECT_THAT(misspelt(R"([{"header_nam": "X"}])"), IsEmpty());
  EXPECT_THAT(misspelt(R"({"vars": {"nam": 1}})"), IsEmpty()) << "any name may be meant there";
}

}  // namespace
}  // namespace sallyport::json
