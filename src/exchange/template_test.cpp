#include "exchange/template.h"

#include "exchange/exchange_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::exchange {
namespace {

TEST(Template, VariablesAreReplacedWithAndWithoutBraces) {
  ExchangeFixture f("/a?x=1");
  EXPECT_EQ(resolve_variables("$uri:${ arg_x }-$arg_x-", f.exchange), "/a:1-1-");
  EXPECT_EQ(resolve_variables("$request_method$uri", f.exchange), "GET/a");
}

TEST(Template, AVariableWithoutValueIsNothingOrWhatStandsForIt) {
  ExchangeFixture f;
  EXPECT_EQ(resolve_variables("[$arg_x][${arg_x ?? none}][${uri ?? none}]", f.exchange), "[][none][/]");
}

TEST(Template, ADollarThatBeginsNoNameStays) {
  ExchangeFixture f;
  for (std::string_view text : {"a$", "5 $ per", "${open", "${}", "\\$uri", "", "plain"}) {
    EXPECT_EQ(resolve_variables(text, f.exchange), text);
  }
}

TEST(Template, NumbersAreGroupsOfAPattern) {
  ExchangeFixture f("/a");
  Template compiled("$1_$2${3}$uri-$10");
  EXPECT_EQ(compiled.render(f.exchange, nullptr, {"whole", "one", "two"}), "one_two/a-");
  EXPECT_EQ(compiled.render(f.exchange), "_/a-");
}

TEST(Template, ValuesAreEscapedButTheTextIsNot) {
  ExchangeFixture f("/a?b");
  Template compiled("?$request_uri");
  EXPECT_FALSE(compiled.is_constant());
  EXPECT_EQ(compiled.render(f.exchange, [](std::string_view) { return std::string("E"); }), "?E");
}

}  // namespace
}  // namespace sallyport::exchange
