#include "json/parse.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace sallyport::json {
namespace {

using ::testing::HasSubstr;

std::string round_trip(std::string_view text) {
  auto value = parse(text);
  return value ? print(*value) : value.error().what;
}

std::string error_of(std::string_view text) {
  auto value = parse(text);
  return value ? "no error" : value.error().what;
}

TEST(JsonParse, EveryKindOfValueSurvivesTheRoundTrip) {
  for (std::string_view text : {R"(null)", R"(true)", R"(-12)", R"(0.25)", R"("a/b")", R"([])", R"({})", R"([[],{}])",
                                R"({"b":1,"a":[1,"x",null,{"c":false}]})"}) {
    EXPECT_EQ(round_trip(text), text);
  }
}

TEST(JsonParse, MembersKeepTheirWrittenOrder) {
  EXPECT_EQ(round_trip("{ \"z\" : 1 ,\n \"a\" : 2 }"), R"({"z":1,"a":2})");
}

TEST(JsonParse, WholeNumbersStayWholeUpTo64Bits) {
  EXPECT_EQ(round_trip("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(round_trip("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(parse("9223372036854775808")->type(), Type::kNumber);
  EXPECT_EQ(parse("1.0")->type(), Type::kNumber);
}

TEST(JsonParse, EscapesAreDecoded) {
  EXPECT_EQ(parse(R"("\u00e9\n\ud83d\ude00\/")")->string(), "\xc3\xa9\n\xf0\x9f\x98\x80/");
}

TEST(JsonParse, ADuplicateMemberIsRefusedWithItsPlace) {
  EXPECT_EQ(error_of("{\"a\":1,\n \"a\":2}"), "line 2, column 4: member \"a\" appears twice in one object");
}

TEST(JsonParse, ADuplicateAmongManyMembersIsFound) {
  std::string text = "{";
  for (int i = 0; i < 200; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_EQ(parse(text + "\"last\":0}")->object().size(), 201u);
  EXPECT_THAT(error_of(text + "\"k3\":0}"), HasSubstr("\"k3\" appears twice"));
  EXPECT_THAT(error_of(text + "\"k199\":0}"), HasSubstr("\"k199\" appears twice"));
}

TEST(JsonParse, NestingHasALimit) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse(nested(128)));
  EXPECT_EQ(error_of(nested(129)), "line 1, column 129: nested deeper than 128 levels");
}

TEST(JsonParse, SyntaxErrorsNameLineAndColumn) {
  EXPECT_THAT(error_of("{\"a\":\n  tru}"), HasSubstr("line 2, column 6: "));
  EXPECT_THAT(error_of("{\"a\":\n  tru}"), HasSubstr("invalid literal"));
  EXPECT_THAT(error_of(""), HasSubstr("line 1, column 0: "));
  EXPECT_THAT(error_of("{} x"), HasSubstr("line 1, column 4: "));
}

TEST(JsonParse, WhatJsonCannotSayIsRefused) {
  for (std::string_view text : {"NaN", "Infinity", "01", "1.", ".5", "+1", "[1,]", "{a:1}", "'a'", "// x\n1",
                                "\"a\nb\"", "\"\\ud800\"", "{} {}", "{\"a\":1", "\"\\x41\""}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

TEST(JsonParse, NumbersThatOverflowAreRefused) { EXPECT_THAT(error_of("[1e400]"), HasSubstr("number overflow")); }

TEST(JsonParse, BytesThatAreNotUtf8AreRefused) {
  for (std::string_view text :
       {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"", "\"\xf4\x90\x80\x80\""}) {
    EXPECT_THAT(error_of(text), HasSubstr("UTF-8")) << text;
  }
}

TEST(JsonPrint, OnlyWhatMustBeEscapedIs) {
  EXPECT_EQ(print(Value("a\"b\\c/d\n\t\x01\x7f\xc3\xa9")), "\"a\\\"b\\\\c/d\\n\\t\\u0001\x7f\xc3\xa9\"");
}

TEST(JsonPrint, TheTextIsJsonWhateverTheBytes) {
  EXPECT_EQ(print(Value("a\xff\xe2\x82z")), "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
  EXPECT_EQ(print(Value(std::nan(""))), "null");
  EXPECT_EQ(print(Value(std::numeric_limits<double>::infinity())), "null");
}

TEST(JsonPrint, NumbersAreAsShortAsTheyCanBe) {
  EXPECT_EQ(print(Value(0.1)), "0.1");
  EXPECT_EQ(print(Value(1.0)), "1");
  EXPECT_EQ(print(Value(-2.5e-7)), "-2.5e-07");
  EXPECT_EQ(*parse(print(Value(1.0 / 3))), Value(1.0 / 3));
}

}  // namespace
}  // namespace sallyport::json
