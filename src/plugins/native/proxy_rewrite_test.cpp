#include "plugins/native/plugin_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::plugins::native {
namespace {

struct Rewritten : PluginFixture {
  Rewritten(std::string_view conf, std::string_view target, std::string_view uri = {})
      : PluginFixture("{\"proxy-rewrite\":" + std::string(conf) + "}", target) {
    if (!uri.empty()) exchange.uri = uri;
    EXPECT_TRUE(run(Phase::kRewrite).proceeds());
  }
  std::string target() { return std::string(exchange.variable("upstream_uri").value_or("")); }
};

std::string rewritten(std::string_view conf, std::string_view target, std::string_view uri = {}) {
  return Rewritten(conf, target, uri).target();
}

TEST(ProxyRewrite, ANewUriKeepsTheArguments) {
  EXPECT_EQ(rewritten(R"j({"uri":"/new"})j", "/old?q=1&r=a%20b"), "/new?q=1&r=a%20b");
  EXPECT_EQ(rewritten(R"j({"uri":"/new"})j", "/old"), "/new");
  EXPECT_EQ(rewritten(R"j({"uri":"/new?x=1"})j", "/old?q=1"), "/new?x=1&q=1");
  EXPECT_EQ(rewritten(R"j({"uri":"/new?x=1"})j", "/old"), "/new?x=1");
}

TEST(ProxyRewrite, VariablesInTheUriAreEncodedAndCannotBeginAQuery) {
  EXPECT_EQ(rewritten(R"j({"uri":"/$arg_to"})j", "/?to=hello"), "/hello?to=hello");
  EXPECT_EQ(rewritten(R"j({"uri":"/$uri/x"})j", "/a", "/a b\r\n#?%"), "//a%20b%0D%0A%23%253F%25/x");
}

TEST(ProxyRewrite, WithoutANewUriTheClientsPathStays) {
  EXPECT_EQ(rewritten(R"j({"host":"a.b"})j", "/a%5Fb?x", "/a_b"), "/a%5Fb?x");
  EXPECT_EQ(rewritten(R"j({"regex_uri":["^/none","/x"]})j", "/a%5Fb?x", "/a_b"), "/a%5Fb?x");
}

TEST(ProxyRewrite, TheFirstPatternThatMatchesReplacesItsMatch) {
  std::string_view conf = R"j({"regex_uri":["^/t/(.*)/(.*)/one","/one/$1_$2","^/t/(.*)/(.*)/two","/two/${2}_$1"]})j";
  EXPECT_EQ(rewritten(conf, "/t/a/b/one"), "/one/a_b");
  EXPECT_EQ(rewritten(conf, "/t/a/b/two?q=1"), "/two/b_a?q=1");
  EXPECT_EQ(rewritten(R"j({"regex_uri":["^/t/(.*)","/$1?a=c"]})j", "/t/x?q=1"), "/x?a=c&q=1");
  EXPECT_EQ(rewritten(R"j({"uri":"/wins","regex_uri":["^/t","/x"]})j", "/t"), "/wins");
}

TEST(ProxyRewrite, AQuestionMarkThatWasEncodedStaysPartOfThePath) {
  EXPECT_EQ(rewritten(R"j({"regex_uri":["^/t(.*)","/x$1"]})j", "/t%3Fa=1", "/t?a=1"), "/x%3Fa=1");
}

TEST(ProxyRewrite, AGroupInTheQueryCannotEndTheRequestLine) {
  EXPECT_EQ(rewritten(R"j({"regex_uri":["^(/r.*)","/p?o=$1"]})j", "/r", "/r\r\nX: y"), "/p?o=/r%0D%0AX:%20y");
}

TEST(ProxyRewrite, TheRealUriIsTakenAsItWasWritten) {
  std::string_view unsafe = R"j({"use_real_request_uri_unsafe":true})j";
  EXPECT_EQ(rewritten(unsafe, "/a%5Fb/%2e?x=%41?y", "/a_b/"), "/a%5Fb/%2e?x=%41?y");
  EXPECT_EQ(rewritten(R"j({"use_real_request_uri_unsafe":true,"uri":"/n?x=1"})j", "/a?q=1"), "/n?x=1&q=1");
  EXPECT_EQ(rewritten(R"j({"use_real_request_uri_unsafe":true,"uri":"/n"})j", "/a?q=1?r"), "/n?q=1?r");
  EXPECT_EQ(rewritten(R"j({"use_real_request_uri_unsafe":true,"regex_uri":["/h/(.+)","/h?v=$1"]})j", "/h/%ED%85"),
            "/h?v=%ED%85");
}

TEST(ProxyRewrite, MethodAndHostAreReplaced) {
  Rewritten f(R"j({"method":"POST","host":"test.com:6443"})j", "/");
  EXPECT_EQ(f.exchange.request.method, "POST");
  EXPECT_EQ(f.exchange.request_method, "GET");
  EXPECT_EQ(f.exchange.upstream_host, "test.com:6443");
}

struct Headers : PluginFixture {
  explicit Headers(std::string_view headers, std::string_view target = "/hello?name=Bill")
      : PluginFixture(
            "{\"proxy-rewrite\":{\"regex_uri\":[\"^/t/(.*)/(.*)\",\"/x\"],\"headers\":" + std::string(headers) + "}}",
            target) {
    header("Test", "a").header("X-Src", "src").header("Test", "b");
    EXPECT_TRUE(run(Phase::kRewrite).proceeds());
  }
};

TEST(ProxyRewrite, HeadersAreAddedSetThenRemoved) {
  Headers f(R"j({"add":{"test":123,"X-New":"$arg_name"},"set":{"X-Src":"$http_x_src!"},"remove":["x-new"]})j");
  EXPECT_EQ(f.request_field("Test"), "a, b, 123");
  EXPECT_EQ(f.request_field("X-Src"), "src!");
  EXPECT_EQ(f.request_field("X-New"), "");
  EXPECT_EQ(Headers(R"j({"add":{"test":"added"},"set":{"test":"set"}})j").request_field("Test"), "set");
}

TEST(ProxyRewrite, TheOlderFormSets) {
  Headers f(R"j({"Test":"x","Number":1.5,"X-Src":"","X-None":"$arg_none"})j");
  EXPECT_EQ(f.request_field("Test"), "x");
  EXPECT_EQ(f.request_field("Number"), "1.5");
  EXPECT_FALSE(f.exchange.request.headers.has("X-Src"));
  EXPECT_FALSE(f.exchange.request.headers.has("X-None"));
}

TEST(ProxyRewrite, AListIsOneLineForEachValue) {
  EXPECT_EQ(Headers(R"j({"set":{"Test":["v1","$arg_name"]}})j").request_field("Test"), "v1, Bill");
  EXPECT_EQ(Headers(R"j({"add":{"Test":["v1",2]}})j").request_field("Test"), "a, b, v1, 2");
}

TEST(ProxyRewrite, HeadersSeeTheGroupsOfThePattern) {
  std::string_view conf = R"j({"set":{"X-Id":"$1/${2}/$3-$arg_name"}})j";
  EXPECT_EQ(Headers(conf, "/t/one/two?name=x").request_field("X-Id"), "one/two/-x");
  EXPECT_EQ(Headers(conf, "/other?name=x").request_field("X-Id"), "//-x");
}

TEST(ProxyRewrite, AValueCannotEndItsLine) {
  EXPECT_EQ(Headers(R"j({"set":{"X-Id":"$arg_name"}})j", "/?name=a%0d%0aEvil:%201").request_field("X-Id"),
            "a%0D%0AEvil: 1");
}

TEST(ProxyRewrite, ConfsAreRefusedWithTheReason) {
  using testing::HasSubstr;
  auto why = [](std::string_view conf) { return refusal("proxy-rewrite", conf); };
  EXPECT_EQ(why(R"j({"uri":"home"})j"),
            R"j(property "uri" validation failed: failed to match pattern "^\/.*" with "home")j");
  EXPECT_EQ(why(R"j({"regex_uri":["a","b","c"]})j"), "The length of regex_uri should be an even number");
  EXPECT_THAT(why(R"j({"regex_uri":["[^/test/(.*)","/$1"]})j"), HasSubstr("invalid regex_uri([^/test/(.*), /$1)"));
  EXPECT_THAT(why(R"j({"regex_uri":["^/test/(.*)","/$`1"]})j"), HasSubstr("invalid capturing variable name found"));
  EXPECT_EQ(why(R"j({"regex_uri":["^/a","/$$$1${1}$0"]})j"), "accepted");
  EXPECT_THAT(why(R"j({"headers":{"X-Api:Version":"v2"}})j"), HasSubstr("invalid field character"));
  EXPECT_THAT(why(R"j({"headers":{"X-Api":"v2\r\n"}})j"), HasSubstr("invalid value character"));
  EXPECT_THAT(why(R"j({"method":"SNAP"})j"), HasSubstr("\"method\""));
  EXPECT_THAT(why(R"j({"host":"a b"})j"), HasSubstr("\"host\""));
}

}  // namespace
}  // namespace sallyport::plugins::native
