#include "telemetry/access_log_format.h"

#include "json/parse.h"

#include <gtest/gtest.h>

#include <map>

namespace sallyport::telemetry {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

std::string render(const AccessLogFormat& format, const Variables& variables) {
  std::string line;
  format.render(line, [&](std::size_t index) -> std::optional<std::string_view> {
    auto found = variables.find(format.variables().at(index));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
  return line;
}

std::string render(std::string_view format, Escape escape, const Variables& variables) {
  auto compiled = AccessLogFormat::compile(format, escape);
  return compiled ? render(*compiled, variables) : compiled.error().what;
}

TEST(AccessLogFormat, LiteralsStayAndVariablesAreReplaced) {
  EXPECT_EQ(render("$remote_addr - ${status}ms [$a]", Escape::kDefault, {{"remote_addr", "::1"}, {"status", "200"}}),
            "::1 - 200ms [-]");
  EXPECT_EQ(render("", Escape::kDefault, {}), "");
}

TEST(AccessLogFormat, ADollarWithoutANameIsRefusedWithItsPlace) {
  EXPECT_EQ(render("a $ b", Escape::kDefault, {}),
            "access_log_format: the '$' at character 3 is not followed by a variable's name; write $name or ${name}");
  EXPECT_FALSE(AccessLogFormat::compile("${status", Escape::kDefault));
  EXPECT_FALSE(AccessLogFormat::compile("cost: 5$", Escape::kDefault));
}

TEST(AccessLogFormat, ByDefaultQuotesControlsAndOtherBytesBecomeHex) {
  EXPECT_EQ(render("\"$v\"", Escape::kDefault, {{"v", "a\"b\\c\n\x7f\xc3\xa9 ~"}}),
            R"("a\x22b\x5Cc\x0A\x7F\xC3\xA9 ~")");
}

TEST(AccessLogFormat, AValueThatIsEmptyIsNotOneThatIsMissing) {
  EXPECT_EQ(render("[$v]", Escape::kDefault, {{"v", ""}}), "[]");
  EXPECT_EQ(render("[$v]", Escape::kJson, {}), "[]");
  EXPECT_EQ(render("[$v]", Escape::kNone, {}), "[]");
}

TEST(AccessLogFormat, JsonEscapingMakesTheInsideOfAString) {
  EXPECT_EQ(render("{\"v\":\"$v\"}", Escape::kJson, {{"v", "a\"\n\xc3\xa9\xff"}}),
            "{\"v\":\"a\\\"\\n\xc3\xa9\xef\xbf\xbd\"}");
}

TEST(AccessLogFormat, WithoutEscapingALineIsStillOneLine) {
  EXPECT_EQ(render("$v", Escape::kNone, {{"v", "a\"\r\n\t\xff"}}), "a\"\\x0D\\x0A\t\xff");
  EXPECT_EQ(render("a\n$v\n", Escape::kNone, {{"v", "1"}}), "a1");
}

TEST(AccessLogFormat, TheStandardLineIsTheFieldsOwn) {
  Variables variables{{"remote_addr", "127.0.0.1"},
                      {"time_local", "10/Oct/2025:13:55:36 +0000"},
                      {"http_host", "a.com"},
                      {"request", "GET /hello HTTP/1.1"},
                      {"status", "200"},
                      {"body_bytes_sent", "12"},
                      {"request_time", "0.001"},
                      {"http_user_agent", "curl/8"},
                      {"upstream_addr", "127.0.0.1:1980"},
                      {"upstream_status", "200"},
                      {"upstream_response_time", "0.001"},
                      {"upstream_scheme", "http"},
                      {"upstream_host", "a.com"},
                      {"upstream_uri", ""},
                      {"apisix_request_id", "c0ffee"}};
  const std::string line =
      "127.0.0.1 - - [10/Oct/2025:13:55:36 +0000] a.com \"GET /hello HTTP/1.1\" 200 12 0.001 \"-\" \"curl/8\" "
      "127.0.0.1:1980 200 0.001 \"http://a.com\" \"c0ffee\"";
  EXPECT_EQ(render(AccessLogFormat::standard(), variables), line);
  variables["reason"] = "plugin:fault-injection";
  EXPECT_EQ(render(AccessLogFormat::standard(), variables), line + " reason=plugin:fault-injection");
}

TEST(AccessLogFormat, TheJsonFormIsAlwaysJson) {
  auto parsed = json::parse(render(AccessLogFormat::json(), {}));
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_TRUE(parsed->find("status")->is_null());

  parsed = json::parse(render(AccessLogFormat::json(), {{"status", "502"},
                                                        {"request_time", "0.250"},
                                                        {"upstream_status", "502, 200"},
                                                        {"body_bytes_sent", "007"},
                                                        {"reason", "upstream_refused"},
                                                        {"http_user_agent", "a\"\xff\n"}}));
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(*parsed->find("status"), json::Value(502));
  EXPECT_EQ(*parsed->find("request_time"), json::Value(0.25));
  EXPECT_EQ(*parsed->find("upstream_status"), json::Value("502, 200"));
  EXPECT_EQ(*parsed->find("body_bytes_sent"), json::Value("007"));
  EXPECT_EQ(*parsed->find("reason"), json::Value("upstream_refused"));
}

}  // namespace
}  // namespace sallyport::telemetry
