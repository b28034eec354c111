#include "exchange/variable.h"

#include "exchange/exchange_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::exchange {
namespace {

using Text = std::optional<std::string_view>;

TEST(Variable, PartsOfTheRequestLineAreRead) {
  ExchangeFixture f("/a/b?x=1", "POST");
  EXPECT_EQ(f.exchange.variable("uri"), "/a/b");
  EXPECT_EQ(f.exchange.variable("request_uri"), "/a/b?x=1");
  EXPECT_EQ(f.exchange.variable("args"), "x=1");
  EXPECT_EQ(f.exchange.variable("is_args"), "?");
  EXPECT_EQ(f.exchange.variable("request"), "POST /a/b?x=1 HTTP/1.1");
  EXPECT_EQ(f.exchange.variable("request_method"), "POST");
  EXPECT_EQ(f.exchange.variable("upstream_uri"), "/a/b?x=1");
}

TEST(Variable, TheAbsoluteFormOfATargetIsCutForRequestUri) {
  ExchangeFixture f;
  f.exchange.request_target = "http://example.com:8080/a?b";
  EXPECT_EQ(f.exchange.variable("request_uri"), "/a?b");
  f.exchange.request_target = "http://example.com";
  EXPECT_EQ(f.exchange.variable("request_uri"), "/");
  f.exchange.request_target = "/to?url=http://example.com/a";
  EXPECT_EQ(f.exchange.variable("request_uri"), "/to?url=http://example.com/a");
}

TEST(Variable, WithoutAQueryThereAreNoArguments) {
  ExchangeFixture f("/a");
  EXPECT_EQ(f.exchange.variable("args"), Text());
  EXPECT_EQ(f.exchange.variable("is_args"), "");
  EXPECT_EQ(f.exchange.variable("arg_x"), Text());
}

TEST(Variable, ArgumentsAreDecodedAndTheFirstWins) {
  ExchangeFixture f("/?name=a%20b+c&name=2&flag&%6Bey=v&empty=&n%C3%A4me=1&=x");
  EXPECT_EQ(f.exchange.variable("arg_name"), "a b c");
  EXPECT_EQ(f.exchange.variable("arg_flag"), "");
  EXPECT_EQ(f.exchange.variable("arg_key"), "v");
  EXPECT_EQ(f.exchange.variable("arg_empty"), "");
  EXPECT_EQ(f.exchange.variable("arg_n\xC3\xA4me"), "1");
  EXPECT_EQ(f.exchange.variable("arg_Name"), Text());
}

TEST(Variable, HeaderNamesMatchWithDashesAndAnyCase) {
  ExchangeFixture f;
  f.header("X-Foo-Bar", "1").header("Host", "a.b:80").header("User-Agent", "curl").header("x-foo-bar", "2");
  EXPECT_EQ(f.exchange.variable("http_x_foo_bar"), "1, 2");
  EXPECT_EQ(f.exchange.variable("http_X-Foo_bar"), "1, 2");
  EXPECT_EQ(f.exchange.variable("http_host"), "a.b:80");
  EXPECT_EQ(f.exchange.variable("http_user_agent"), "curl");
  EXPECT_EQ(f.exchange.variable("http_x_foo"), Text());
}

TEST(Variable, FramingFieldsAreReadFromTheInterpretedBody) {
  ExchangeFixture f;
  f.exchange.request.body = http::BodyLength::sized(12);
  EXPECT_EQ(f.exchange.variable("content_length"), "12");
  EXPECT_EQ(f.exchange.variable("http_content_length"), "12");
  f.exchange.request.body = http::BodyLength::chunked();
  EXPECT_EQ(f.exchange.variable("content_length"), Text());
  EXPECT_EQ(f.exchange.variable("http_transfer_encoding"), "chunked");
  f.exchange.response.body = http::BodyLength::sized(3);
  EXPECT_EQ(f.exchange.variable("sent_http_content_length"), "3");
}

TEST(Variable, CookiesAreFoundByTheirExactName) {
  ExchangeFixture f;
  f.header("Cookie", "a=1; session=x=y ;b=2").header("Cookie", "late=3");
  EXPECT_EQ(f.exchange.variable("cookie_session"), "x=y");
  EXPECT_EQ(f.exchange.variable("cookie_b"), "2");
  EXPECT_EQ(f.exchange.variable("cookie_late"), "3");
  EXPECT_EQ(f.exchange.variable("cookie_A"), Text());
}

TEST(Variable, TheResponseIsReadOnceThereIsOne) {
  ExchangeFixture f;
  EXPECT_EQ(f.exchange.variable("status"), "000");
  EXPECT_EQ(f.exchange.variable("upstream_status"), Text());
  f.exchange.response_source = ResponseSource::kUpstream;
  f.exchange.response.status = 201;
  f.exchange.upstream_status = 201;
  f.exchange.response.headers.add("X-Version", "7");
  EXPECT_EQ(f.exchange.variable("status"), "201");
  EXPECT_EQ(f.exchange.variable("upstream_status"), "201");
  EXPECT_EQ(f.exchange.variable("sent_http_x_version"), "7");
  EXPECT_EQ(f.exchange.variable("upstream_http_x_version"), "7");
  f.exchange.response_source = ResponseSource::kPlugin;
  EXPECT_EQ(f.exchange.variable("upstream_http_x_version"), Text());
}

TEST(Variable, TheUserOfBasicCredentialsIsTheRemoteUser) {
  ExchangeFixture f;
  EXPECT_EQ(f.exchange.variable("remote_user"), Text());
  f.header("Authorization", "basic amFjazpzZWNyZXQ=");
  EXPECT_EQ(f.exchange.variable("remote_user"), "jack");
}

TEST(Variable, TimesAreWrittenAsInNginxLogs) {
  setenv("TZ", "UTC", 1);
  tzset();
  ExchangeFixture f;
  f.clock.advance(Milliseconds(1042));
  EXPECT_EQ(f.exchange.variable("request_time"), "1.042");
  EXPECT_EQ(f.exchange.variable("msec"), "1576800001.042");
  EXPECT_EQ(f.exchange.variable("time_local"), "20/Dec/2019:00:00:01 +0000");
  EXPECT_EQ(f.exchange.variable("time_iso8601"), "2019-12-20T00:00:01+00:00");
  EXPECT_EQ(f.exchange.variable("upstream_response_time"), Text());
  f.exchange.timing.upstream_response = std::chrono::milliseconds(7);
  EXPECT_EQ(f.exchange.variable("upstream_response_time"), "0.007");
}

TEST(Variable, PropertiesAreReadByNamesThatAreNotBuiltIn) {
  ExchangeFixture f;
  EXPECT_EQ(f.exchange.variable("consumer_name"), Text());
  f.exchange.set_property("consumer_name", "jack");
  f.exchange.set_property("consumer_name", "rose");
  EXPECT_EQ(f.exchange.variable("consumer_name"), "rose");
  f.exchange.set_property("uri", "/other");
  EXPECT_EQ(f.exchange.variable("uri"), "/");
  f.exchange.forget_properties("consumer_");
  EXPECT_EQ(f.exchange.variable("consumer_name"), Text());
  EXPECT_EQ(f.exchange.property("uri"), "/other");
}

TEST(Variable, ACompiledNameReadsTheSameAsALookup) {
  ExchangeFixture f("/?x=1");
  f.header("X-Foo", "2");
  f.exchange.set_property("mine", "3");
  for (std::string_view name : {"uri", "arg_x", "http_x_foo", "mine", "missing"}) {
    EXPECT_EQ(Variable(name).of(f.exchange), f.exchange.variable(name)) << name;
    EXPECT_EQ(Variable(name).name(), name);
  }
}

TEST(Variable, PropertiesOfPluginsHaveNamesOfLettersDigitsAndUnderscores) {
  ExchangeFixture f;
  f.exchange.set_property("tier", "gold");
  f.exchange.set_property(std::string_view("jwt\0sub", 7), "me");
  f.exchange.set_property("a.b-c", "d");
  EXPECT_EQ(f.exchange.variable("wasm_tier"), "gold");
  EXPECT_EQ(f.exchange.variable("wasm_jwt_sub"), "me");
  EXPECT_EQ(f.exchange.variable("wasm_a_b_c"), "d");
  EXPECT_EQ(f.exchange.variable("wasm_a.b-c"), "d");
  EXPECT_EQ(f.exchange.variable("tier"), "gold");
  EXPECT_EQ(f.exchange.variable("wasm_jwt_su"), Text());
  EXPECT_EQ(f.exchange.variable("wasm_"), Text());
}

}  // namespace
}  // namespace sallyport::exchange
