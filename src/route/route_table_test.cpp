#include "route/route_table.h"

#include "route/route_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::route {
namespace {

using exchange::ExchangeFixture;

TEST(RouteTable, FindsALiteralPathOnlyAsAWhole) {
  auto table = TableFixture().add("hello", route("/hello"));
  EXPECT_EQ(table.get("/hello"), "hello");
  EXPECT_EQ(table.get("/hello/"), "");
  EXPECT_EQ(table.get("/hell"), "");
  EXPECT_EQ(table.get("/Hello"), "");
}

TEST(RouteTable, AnEmptyOneFindsNothing) {
  EXPECT_EQ(TableFixture().get("/"), "");
  EXPECT_EQ(TableFixture(RouterKind::kUri).get("/"), "");
}

TEST(RouteTable, ATrailingWildcardStandsForAnyRest) {
  auto table = TableFixture().add("a", route("/a/*")).add("b", route("/b*"));
  EXPECT_EQ(table.get("/a/"), "a");
  EXPECT_EQ(table.get("/a/x/y"), "a");
  EXPECT_EQ(table.get("/a"), "");
  EXPECT_EQ(table.get("/b"), "b");
  EXPECT_EQ(table.get("/bc/d"), "b");
}

TEST(RouteTable, LiteralPathsGoBeforePatternsWhateverTheirPriority) {
  auto table = TableFixture().add("pattern", route("/a/*").priority(100)).add("literal", route("/a/b"));
  EXPECT_EQ(table.get("/a/b"), "literal");
}

TEST(RouteTable, LongerPrefixesGoFirstWhateverTheirPriority) {
  auto table = TableFixture()
                   .add("all", route("/*").priority(100))
                   .add("a", route("/a/*"))
                   .add("ab", route("/a/b/*").priority(-1));
  EXPECT_EQ(table.get("/a/b/c"), "ab");
  EXPECT_EQ(table.get("/a/c"), "a");
  EXPECT_EQ(table.get("/c"), "all");
}

TEST(RouteTable, PriorityDecidesAmongRoutesOfTheSamePath) {
  auto table = TableFixture().add("low", route("/a")).add("high", route("/a").priority(1));
  EXPECT_EQ(table.get("/a"), "high");
}

TEST(RouteTable, AtEqualPriorityTheLongerPatternGoesFirstThenTheOlderRoute) {
  auto table = TableFixture().add("short", route("/a/*")).add("long", route("/a/*/b")).add("late", route("/a/*"));
  EXPECT_EQ(table.get("/a/x/b"), "long");
  EXPECT_EQ(table.get("/a/x"), "short");
  EXPECT_EQ(table.remove("short").get("/a/x"), "late");
}

TEST(RouteTable, ARouteWhoseConditionFailsGivesWayToTheNextAndThenToShorterPrefixes) {
  auto table = TableFixture()
                   .add("put", route("/a").method("PUT"))
                   .add("post", route("/a").method("POST"))
                   .add("rest", route("/*"));
  EXPECT_EQ(table.get("/a", "", "PUT"), "put");
  EXPECT_EQ(table.get("/a", "", "POST"), "post");
  EXPECT_EQ(table.get("/a", "", "GET"), "rest");
}

TEST(RouteTable, GetDoesNotStandForHeadAndUnknownMethodsMatchOnlyRoutesWithoutMethods) {
  auto table = TableFixture().add("get", route("/a").method("GET")).add("any", route("/b"));
  EXPECT_EQ(table.get("/a", "", "HEAD"), "");
  EXPECT_EQ(table.get("/a", "", "MKCOL"), "");
  EXPECT_EQ(table.get("/b", "", "MKCOL"), "any");
}

TEST(RouteTable, RemoteAddressesAreACondition) {
  auto table = TableFixture().add("inside", route("/a").from("10.0.0.0/8").from("::1")).add("outside", route("/a"));
  EXPECT_EQ(table.get("/a", "", "GET", "10.9.9.9"), "inside");
  EXPECT_EQ(table.get("/a", "", "GET", "::1"), "inside");
  EXPECT_EQ(table.get("/a", "", "GET", "192.0.2.1"), "outside");
  EXPECT_EQ(table.get("/a", "", "GET", ""), "outside");
}

TEST(RouteTable, VarsAreACondition) {
  auto table = TableFixture()
                   .add("json", route("/a").vars(R"([["arg_name", "==", "json"]])").priority(1))
                   .add("other", route("/a"));
  ExchangeFixture json("/a?name=json"), plain("/a?name=x");
  EXPECT_EQ(table.find(json.exchange), "json");
  EXPECT_EQ(table.find(plain.exchange), "other");
}

TEST(RouteTable, ARouteWithSeveralUrisIsFoundByEach) {
  auto table = TableFixture().add("r", route("/a").uri("/b/*").uri("/a"));
  EXPECT_EQ(table.get("/a"), "r");
  EXPECT_EQ(table.get("/b/1"), "r");
}

TEST(RouteTable, AWildcardInTheMiddleStandsForAnyText) {
  auto table = TableFixture().add("r", route("/a/*/c"));
  EXPECT_EQ(table.get("/a/b/c"), "r");
  EXPECT_EQ(table.get("/a/b/b/c"), "r");
  EXPECT_EQ(table.get("/a/b/d"), "");
  EXPECT_EQ(table.get("/a/c"), "");
}

TEST(RouteTable, TextOfAPatternIsNoExpression) {
  auto table = TableFixture().add("r", route("/*/a.b+c"));
  EXPECT_EQ(table.get("/x/a.b+c"), "r");
  EXPECT_EQ(table.get("/x/aXbbc"), "");
}

TEST(RouteTable, AColonIsTextUnlessTheRouterHasParameters) {
  EXPECT_EQ(TableFixture().add("r", route("/a/:id")).get("/a/1"), "");
  EXPECT_EQ(TableFixture().add("r", route("/a/:id")).get("/a/:id"), "r");
}

TEST(RouteTable, TellsWhatMatched) {
  auto table = TableFixture().add("r", route("/a/*/c").host("*.x.test"));
  ExchangeFixture request("/a/b/c");
  TableFixture::name_host(request.exchange, "www.x.test");
  EXPECT_EQ(table.find(request.exchange), "r");
  EXPECT_EQ(request.exchange.matched.uri, "/a/*/c");
  EXPECT_EQ(request.exchange.matched.host, "*.x.test");
}

TEST(RouteTable, ATableLeavesTheOneItCameFromAsItWas) {
  TableFixture fixture;
  fixture.add("a", route("/a").host("x.test")).add("b", route("/a/*"));
  const RouteTable before = fixture.table();
  fixture.remove("a").remove("b");
  EXPECT_EQ(fixture.get("/a", "x.test"), "");
  EXPECT_EQ(fixture.table().size(), 0u);

  ExchangeFixture request("/a");
  TableFixture::name_host(request.exchange, "x.test");
  EXPECT_NE(before.match(request.exchange), nullptr);
  EXPECT_EQ(before.size(), 2u);
}

TEST(RouteTable, ManyRoutesAreFoundAndTakenOutAgain) {
  TableFixture fixture;
  for (int i = 0; i < 2000; ++i) {
    const std::string n = std::to_string(i);
    fixture.add("l" + n, route("/literal/" + n)).add("p" + n, route("/prefix/" + n + "/*").host("h" + n + ".test"));
  }
  for (int i = 0; i < 2000; i += 2) fixture.remove("l" + std::to_string(i)).remove("p" + std::to_string(i));
  for (int i = 0; i < 2000; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(fixture.get("/literal/" + n), i % 2 == 0 ? "" : "l" + n);
    EXPECT_EQ(fixture.get("/prefix/" + n + "/x", "h" + n + ".test"), i % 2 == 0 ? "" : "p" + n);
  }
}

TEST(RouteRule, NamesWhatIsWrong) {
  auto error = [](const RouteWords& words) { return RouteRule::compile(words.source, RouterKind::kUri).error().what; };
  EXPECT_EQ(error({}), "uri and uris are missing; give one of them");
  EXPECT_THAT(error(route("/a").from("1.2.3")), testing::StartsWith("remote_addrs: "));
  EXPECT_THAT(error(route("/a").method("FOO")), testing::HasSubstr("FOO"));
  EXPECT_THAT(error(route("/a").vars(R"([["a", "is", "b"]])")), testing::StartsWith("failed to validate the 'vars'"));
}

TEST(RouteTable, ACopyKeepsItsTargetsWhileRoutesLeadElsewhere) {
  for (RouterKind kind : {RouterKind::kHostUri, RouterKind::kUri}) {
    TableFixture table(kind);
    table.add("path", route("/a")).add("prefix", route("/a/*").uri("/b/*")).add("host", route("/c").host("*.x.test"));
    const TableFixture before = table;
    table.lead("path", "path2").lead("prefix", "prefix2").lead("host", "host2");
    EXPECT_EQ(table.get("/a") + table.get("/a/1") + table.get("/b/1"), "path2prefix2prefix2");
    EXPECT_EQ(table.get("/c", "a.x.test"), "host2");
    EXPECT_EQ(before.get("/a") + before.get("/a/1") + before.get("/b/1"), "pathprefixprefix");
    EXPECT_EQ(before.get("/c", "a.x.test"), "host");
    table.remove("path").remove("prefix").remove("host");
    EXPECT_EQ(table.table().size(), 0u);
    EXPECT_EQ(table.get("/a") + table.get("/a/1") + table.get("/c", "a.x.test"), "");
    EXPECT_EQ(before.get("/a"), "path");
  }
}

}  // namespace
}  // namespace sallyport::route
