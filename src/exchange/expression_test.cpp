#include "exchange/expression.h"

#include "exchange/exchange_fixture.h"
#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::exchange {
namespace {

// Of a request for /hello?name=json&age=20&empty=&hex=0x10 from 192.168.3.7 with `X-Env: Dev`.
bool holds(std::string_view expression) {
  ExchangeFixture f("/hello?name=json&age=20&empty=&hex=0x10");
  f.header("X-Env", "Dev");
  f.exchange.client.ip = "192.168.3.7";
  auto compiled = Expression::compile(json::parse(expression).value());
  EXPECT_TRUE(compiled) << expression << ": " << compiled.error().what;
  return compiled && compiled->matches(f.exchange);
}

std::string refusal(std::string_view expression) {
  auto compiled = Expression::compile(json::parse(expression).value());
  return compiled ? "accepted" : compiled.error().what;
}

TEST(Expression, AnEmptyOneIsAlwaysTrue) {
  EXPECT_TRUE(holds("[]"));
  EXPECT_TRUE(Expression::compile(json::Array{})->always_true());
  EXPECT_TRUE(Expression().always_true());
}

TEST(Expression, EqualityComparesTexts) {
  EXPECT_TRUE(holds(R"([["arg_name","==","json"]])"));
  EXPECT_FALSE(holds(R"([["arg_name","==","Json"]])"));
  EXPECT_TRUE(holds(R"([["arg_name","~=","xml"]])"));
  EXPECT_FALSE(holds(R"([["arg_name","~=","json"]])"));
  EXPECT_FALSE(holds(R"([["arg_age","==",true]])"));
  EXPECT_FALSE(holds(R"([["arg_age","==","20.0"]])"));
}

TEST(Expression, ANumberOnTheRightMakesEqualityNumeric) {
  EXPECT_TRUE(holds(R"([["arg_age","==",20]])"));
  EXPECT_TRUE(holds(R"([["arg_age","==",20.0]])"));
  EXPECT_TRUE(holds(R"([["arg_hex","==",16]])"));
  EXPECT_FALSE(holds(R"([["arg_name","==",20]])"));
  EXPECT_TRUE(holds(R"([["arg_name","~=",20]])"));
  EXPECT_FALSE(holds(R"([["arg_age","~=",20]])"));
}

TEST(Expression, OrderingNeedsNumbersOnBothSides) {
  EXPECT_TRUE(holds(R"([["arg_age",">",18],["arg_age",">=",20],["arg_age","<",20.5],["arg_age","<=","20"]])"));
  EXPECT_FALSE(holds(R"([["arg_age",">",20]])"));
  EXPECT_FALSE(holds(R"([["arg_name",">",1]])"));
  EXPECT_FALSE(holds(R"([["arg_empty","<",1]])"));
  EXPECT_FALSE(holds(R"([["arg_age","<","many"]])"));
}

TEST(Expression, AMissingVariableIsUnequalToEverythingAndElseFalse) {
  EXPECT_TRUE(holds(R"([["arg_none","~=","x"],["arg_none","~=",1]])"));
  for (std::string_view op : {"==", ">", ">=", "<", "<=", "~~", "~*"}) {
    EXPECT_FALSE(holds(R"([["arg_none",")" + std::string(op) + R"(","1"]])")) << op;
  }
  EXPECT_FALSE(holds(R"([["arg_none","in",["1"]]])"));
  EXPECT_TRUE(holds(R"([["arg_none","==",null]])"));
  EXPECT_FALSE(holds(R"([["arg_name","==",null]])"));
  EXPECT_TRUE(holds(R"([["arg_name","~=",null]])"));
}

TEST(Expression, PatternsAreFoundAnywhereInTheText) {
  EXPECT_TRUE(holds(R"([["http_x_env","~~","[Dd]e"]])"));
  EXPECT_FALSE(holds(R"([["http_x_env","~~","^dev$"]])"));
  EXPECT_TRUE(holds(R"([["http_x_env","~*","^dev$"]])"));
}

TEST(Expression, ListsAndRangesAreSearched) {
  EXPECT_TRUE(holds(R"([["arg_name","in",["xml","json"]]])"));
  EXPECT_FALSE(holds(R"([["arg_age","in",[20]]])"));
  EXPECT_FALSE(holds(R"([["arg_name","has","json"]])"));
  EXPECT_TRUE(holds(R"([["remote_addr","ipmatch",["10.0.0.0/8","192.168.3.0/24"]]])"));
  EXPECT_TRUE(holds(R"([["remote_addr","IPMATCH","192.168.3.7"]])"));
  EXPECT_FALSE(holds(R"([["arg_name","ipmatch","0.0.0.0/0"]])"));
}

TEST(Expression, TheFourElementFormNegates) {
  EXPECT_FALSE(holds(R"([["arg_name","!","==","json"]])"));
  EXPECT_TRUE(holds(R"([["arg_age","!",">",20]])"));
  EXPECT_TRUE(holds(R"([["arg_none","!","in",["1"]]])"));
}

TEST(Expression, TwoElementsAreEquality) {
  EXPECT_TRUE(holds(R"([["arg_name","json"]])"));
  EXPECT_FALSE(holds(R"([["arg_name","xml"]])"));
  EXPECT_TRUE(holds(R"([["arg_none","=="]])"));
}

TEST(Expression, LogicNestsInAnyCase) {
  EXPECT_TRUE(holds(R"(["OR",["arg_name","==","xml"],["arg_age",">",18]])"));
  EXPECT_FALSE(holds(R"(["and",["arg_name","==","xml"],["arg_age",">",18]])"));
  EXPECT_TRUE(holds(R"(["!AND",["arg_name","==","xml"],["arg_age",">",18]])"));
  EXPECT_FALSE(holds(R"(["!OR",["arg_name","==","xml"],["arg_age",">",18]])"));
  EXPECT_TRUE(
      holds(R"([["arg_name","==","json"],["OR",["arg_age",">",90],["!OR",["uri","==","/"],["uri","==","/x"]]]])"));
  EXPECT_TRUE(holds(R"([["arg_name","==","json"],[["arg_age",">",18],["uri","==","/hello"]]])"));
}

TEST(Expression, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_EQ(refusal(R"({})"), "an expression must be an array, not {}");
  EXPECT_EQ(refusal(R"(["arg_x","==","1"])"), R"(rule should be wrapped inside brackets in ["arg_x","==","1"])");
  EXPECT_EQ(refusal(R"([["arg_x"]])"), R"(invalid expression in ["arg_x"])");
  EXPECT_EQ(refusal(R"([["arg_x","=~","1"]])"), R"(invalid operator '=~' in ["arg_x","=~","1"])");
  EXPECT_EQ(refusal(R"([["arg_x","no","==","1"]])"), R"(bad 'not' expression in ["arg_x","no","==","1"])");
  EXPECT_EQ(refusal(R"([["OR",["a","==","b"]]])"), R"(rule too short in ["OR",["a","==","b"]])");
  EXPECT_EQ(refusal(R"([[]])"), "rule too short in []");
  EXPECT_EQ(refusal(R"([["a","ipmatch","x"]])"), R"(invalid ip address: x in ["a","ipmatch","x"])");
  EXPECT_EQ(refusal(R"([["a","ipmatch",[]]])"), R"(invalid ip address in ["a","ipmatch",[]])");
  EXPECT_THAT(refusal(R"([["a","~~","("]])"), testing::HasSubstr("regular expression"));
  EXPECT_THAT(refusal(R"([["a","==","b"],5])"), testing::StartsWith("invalid expression"));
}

}  // namespace
}  // namespace sallyport::exchange
