#include "http/headers.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

struct HeadersTest : testing::Test {
  Arena arena;
  Headers headers{arena};

  std::string all() const {
    std::string text;
    for (const Field& field : headers) text.append(field.name).append("=").append(field.value).append(" ");
    return text;
  }
};

TEST_F(HeadersTest, RemovingASetOfNamesLeavesTheOthersInTheirOrder) {
  headers.add("Date", "1");
  headers.add("X-A", "2");
  headers.add("Server", "3");
  headers.add("X-B", "4");
  headers.add("date", "5");
  EXPECT_EQ(headers.remove_any_of(bit_of(FieldName::kDate) | bit_of(FieldName::kTe)), 2u);
  EXPECT_EQ(all(), "X-A=2 Server=3 X-B=4 ");
  EXPECT_EQ(headers.remove_any_of(bit_of(FieldName::kDate)), 0u);
}

TEST_F(HeadersTest, ANameThatWasRemovedIsFoundWhenItIsAddedAgain) {
  headers.add("Server", "1");
  EXPECT_EQ(headers.remove(FieldName::kServer), 1u);
  EXPECT_FALSE(headers.get(FieldName::kServer));
  headers.set("server", "2");
  EXPECT_EQ(headers.get(FieldName::kServer), "2");
  EXPECT_EQ(headers.get("SERVER"), "2");
}

TEST_F(HeadersTest, NamesThatAreNotKnownAreToldApart) {
  headers.add("X-A", "1");
  EXPECT_FALSE(headers.has("X-B"));
  headers.set("X-B", "2");
  EXPECT_EQ(headers.remove("x-a"), 1u);
  EXPECT_EQ(all(), "X-B=2 ");
  EXPECT_EQ(headers.remove("x-a"), 0u);
}

TEST_F(HeadersTest, MayHaveNothingAfterClear) {
  headers.add("Host", "a");
  EXPECT_TRUE(headers.may_have(bit_of(FieldName::kHost) | bit_of(FieldName::kDate)));
  headers.clear();
  EXPECT_FALSE(headers.may_have(bit_of(FieldName::kHost)));
}

}  // namespace
}  // namespace sallyport::http
