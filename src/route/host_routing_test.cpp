#include "route/route_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::route {
namespace {

using exchange::ExchangeFixture;

TEST(HostRouting, AHostOutranksABetterPathWithoutHost) {
  auto table = TableFixture().add("host", route("/*").host("x.test")).add("path", route("/a/b"));
  EXPECT_EQ(table.get("/a/b", "x.test"), "host");
  EXPECT_EQ(table.get("/a/b", "y.test"), "path");
}

TEST(HostRouting, TheExactHostGoesBeforeWildcardsAndTheLongerWildcardFirst) {
  auto table = TableFixture()
                   .add("any", route("/*").host("*"))
                   .add("test", route("/*").host("*.test"))
                   .add("x", route("/*").host("*.x.test"))
                   .add("exact", route("/*").host("www.x.test"));
  EXPECT_EQ(table.get("/", "www.x.test"), "exact");
  EXPECT_EQ(table.get("/", "a.b.x.test"), "x");
  EXPECT_EQ(table.get("/", "x.test"), "test");
  EXPECT_EQ(table.get("/", "example.org"), "any");
}

TEST(HostRouting, WithoutARouteForThePathTheNextHostAndThenHostlessRoutesAreTried) {
  auto table = TableFixture()
                   .add("exact", route("/exact").host("www.x.test"))
                   .add("wild", route("/wild").host("*.x.test"))
                   .add("none", route("/*"));
  EXPECT_EQ(table.get("/exact", "www.x.test"), "exact");
  EXPECT_EQ(table.get("/wild", "www.x.test"), "wild");
  EXPECT_EQ(table.get("/else", "www.x.test"), "none");
}

TEST(HostRouting, HostsAreComparedInLowerCase) {
  EXPECT_EQ(TableFixture().add("r", route("/").host("WWW.X.Test")).get("/", "www.x.test"), "r");
}

TEST(HostRouting, AHostWithAPortIsComparedWithTheHostHeader) {
  for (RouterKind kind : {RouterKind::kHostUri, RouterKind::kUri}) {
    auto table = TableFixture(kind).add("port", route("/").host("x.test:8080"));
    EXPECT_EQ(table.get("/", "x.test:8080"), "port");
    EXPECT_EQ(table.get("/", "x.test:80"), "");
    EXPECT_EQ(table.get("/", "x.test"), "");
    EXPECT_EQ(table.add("host", route("/").host("x.test")).get("/", "x.test:80"), "host");
  }
}

TEST(HostRouting, AnAddressInBracketsIsAHost) {
  for (RouterKind kind : {RouterKind::kHostUri, RouterKind::kUri}) {
    auto table = TableFixture(kind).add("r", route("/").host("[::1]"));
    EXPECT_EQ(table.get("/", "[::1]"), "r");
    EXPECT_EQ(table.get("/", "[::1]:9080"), "r");
  }
}

TEST(HostRouting, InTheUriRouterTheHostIsOnlyACondition) {
  auto table = TableFixture(RouterKind::kUri)
                   .add("host", route("/*").host("x.test"))
                   .add("wild", route("/w/*").host("*.test"))
                   .add("path", route("/a/b"));
  EXPECT_EQ(table.get("/a/b", "x.test"), "path");
  EXPECT_EQ(table.get("/c", "x.test"), "host");
  EXPECT_EQ(table.get("/w/1", "x.test"), "wild");
  EXPECT_EQ(table.get("/w/1", "x.org"), "");
}

TEST(HostRouting, InTheUriRouterTellsTheHostThatMatched) {
  auto table = TableFixture(RouterKind::kUri).add("r", route("/").host("y.test").host("*.x.test"));
  ExchangeFixture request("/");
  TableFixture::name_host(request.exchange, "www.x.test");
  EXPECT_EQ(table.find(request.exchange), "r");
  EXPECT_EQ(request.exchange.matched.host, "*.x.test");
}

TEST(ParameterRouting, AParameterIsOneSegmentAndCanBeRead) {
  auto table = TableFixture(RouterKind::kUriWithParameter).add("r", route("/user/:name/files/*path"));
  ExchangeFixture request("/user/jo/files/a/b");
  EXPECT_EQ(table.find(request.exchange), "r");
  EXPECT_EQ(request.exchange.variable("uri_param_name"), "jo");
  EXPECT_EQ(request.exchange.variable("uri_param_path"), "a/b");
  EXPECT_EQ(table.get("/user/jo/x/files/a"), "");
  EXPECT_EQ(table.get("/user//files/a"), "");
}

TEST(ParameterRouting, LiteralPathsAndLongerPrefixesStillGoFirst) {
  auto table = TableFixture(RouterKind::kUriWithParameter)
                   .add("id", route("/user/:id").priority(5))
                   .add("me", route("/user/me"))
                   .add("x", route("/user/x:*"));
  EXPECT_EQ(table.get("/user/me"), "me");
  EXPECT_EQ(table.get("/user/7"), "id");
  EXPECT_EQ(table.get("/user/x:y"), "x");
}

}  // namespace
}  // namespace sallyport::route
