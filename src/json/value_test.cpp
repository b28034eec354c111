#include "json/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace sallyport::json {
namespace {

TEST(JsonValue, WholeAndFractionalNumbersCompareByTheirValue) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(1.0), Value(1));
  EXPECT_FALSE(Value(1) == Value(1.5));
  EXPECT_FALSE(Value(std::int64_t{9007199254740993}) == Value(9007199254740992.0));
  EXPECT_FALSE(Value(1) == Value(true));
  EXPECT_FALSE(Value(std::numeric_limits<std::int64_t>::max()) == Value(1e300));
}

TEST(JsonValue, AnEmptyArrayIsNotAnEmptyObject) {
  EXPECT_FALSE(Value(Array{}) == Value(Object{}));
  EXPECT_TRUE(Value(Array{}).is_array());
  EXPECT_TRUE(Value(Object{}).is_object());
}

TEST(JsonValue, ObjectsAreEqualInAnyOrder) {
  Object a{{"x", 1}, {"y", Array{Value(1), Value("s")}}};
  Object b{{"y", Array{Value(1), Value("s")}}, {"x", 1}};
  EXPECT_EQ(Value(a), Value(b));
  b["y"] = 2;
  EXPECT_FALSE(Value(a) == Value(b));
  EXPECT_FALSE(Object({{"x", 1}}) == Object({{"z", 1}}));
}

TEST(JsonValue, MembersAreAddedFoundAndErased) {
  Object object;
  object["a"] = 1;
  object["b"] = "two";
  object["a"] = 3;
  EXPECT_EQ(object.size(), 2u);
  EXPECT_EQ(*object.find("a"), Value(3));
  object.erase("a");
  EXPECT_EQ(object.find("a"), nullptr);
  EXPECT_EQ(object.begin()->first, "b");
}

TEST(JsonValue, LookUpsFallBackWhenTheMemberIsAbsentOrOfAnotherType) {
  Value value = Object{{"n", 2.5}, {"s", "text"}, {"b", true}};
  EXPECT_EQ(value.string_or("s", "none"), "text");
  EXPECT_EQ(value.string_or("n", "none"), "none");
  EXPECT_EQ(value.integer_or("n", 7), 2);
  EXPECT_EQ(value.number_or("n", 7), 2.5);
  EXPECT_EQ(value.number_or("s", 7), 7);
  EXPECT_TRUE(value.boolean_or("b", false));
  EXPECT_EQ(Value("no object").find("a"), nullptr);
  EXPECT_EQ(Value("no object").integer_or("a", 9), 9);
}

TEST(JsonValue, NumbersBeyond64BitsBecomeDoubles) {
  EXPECT_TRUE(Value(std::uint64_t{1}).is_integer());
  EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()).type(), Type::kNumber);
  EXPECT_EQ(Value(1e300).integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Value(-1e300).integer(), std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace sallyport::json
