#include "plugins/native/plugin_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace sallyport::plugins::native {
namespace {

using testing::HasSubstr;

struct Rewrite : PluginFixture {
  explicit Rewrite(std::string_view conf) : PluginFixture("{\"response-rewrite\":" + std::string(conf) + "}", "/?x=1") {
    upstream_answers(200);
  }
  Rewrite& field(std::string_view name, std::string_view value) {
    exchange.response.headers.add(name, value);
    return *this;
  }
  Rewrite& head() {
    EXPECT_TRUE(run(Phase::kResponseHeaders).proceeds());
    return *this;
  }
};

std::string gzip(std::string text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(ResponseRewrite, StatusAndHeadersAreReplaced) {
  Rewrite f(R"({"status_code":404,"headers":{"X-Server":3,"X-Arg":"$arg_x","Content-Type":""}})");
  f.field("Content-Type", "text/html").field("X-Arg", "old").head();
  EXPECT_EQ(f.exchange.response.status, 404);
  EXPECT_EQ(f.response_field("X-Server"), "3");
  EXPECT_EQ(f.response_field("X-Arg"), "1");
  EXPECT_FALSE(f.exchange.response.headers.has("Content-Type"));
  EXPECT_FALSE(f.chain.edits_response_body());
  EXPECT_FALSE(f.chain.has(Phase::kResponseBody));
}

TEST(ResponseRewrite, HeadersAreAddedSetThenRemoved) {
  Rewrite f(R"({"headers":{"add":["Cache-Control: no-cache","Cache-Control : max-age=0, must-revalidate",
                "Gone:a"],"set":{"X-Set":"$status"},"remove":["gone"]}})");
  f.head();
  EXPECT_EQ(f.response_field("Cache-Control"), "no-cache, max-age=0, must-revalidate");
  EXPECT_EQ(f.response_field("X-Set"), "200");
  EXPECT_EQ(f.response_field("Gone"), "");
}

TEST(ResponseRewrite, ANewBodyReplacesEveryPieceOnce) {
  Rewrite f(R"({"body":"new body\n"})");
  f.field("Content-Encoding", "br").field("ETag", "x").field("Last-Modified", "y").head();
  EXPECT_TRUE(f.chain.edits_response_body());
  EXPECT_EQ(f.response_body({"one", "two", ""}), "new body\n");
  for (std::string_view name : {"Content-Encoding", "ETag", "Last-Modified"}) {
    EXPECT_FALSE(f.exchange.response.headers.has(name)) << name;
  }
}

TEST(ResponseRewrite, ANewBodyMayBeEmptyOrBase64) {
  EXPECT_EQ(Rewrite(R"({"body":""})").head().response_body({"one", "two"}), "");
  EXPECT_EQ(Rewrite(R"({"body":"SGVsbG8K","body_base64":true})").head().response_body({""}), "Hello\n");
}

TEST(ResponseRewrite, VarsDecideOnceForHeadAndBody) {
  Rewrite f(R"({"status_code":403,"body":"b","vars":[["status","==",500]]})");
  f.head();
  EXPECT_EQ(f.exchange.response.status, 200);
  EXPECT_EQ(f.response_body({"same"}), "same");
  Rewrite g(R"({"status_code":403,"body":"b","vars":[["status","==",500]]})");
  g.upstream_answers(500);
  g.head();
  EXPECT_EQ(g.exchange.response.status, 403);
  EXPECT_EQ(g.response_body({"old"}), "b");
}

TEST(ResponseRewrite, FiltersSeeTheWholeBody) {
  Rewrite f(R"({"filters":[{"regex":"(L+)o","replace":"<$1>","options":"jio"},
                           {"regex":"o","replace":"0","scope":"global"}]})");
  EXPECT_EQ(f.head().response_body({"hel", "lo wo", "rld o", ""}), "he<ll> w0rld 0");
}

TEST(ResponseRewrite, ABodyOverTheLimitIsCutOffBeforeItIsFiltered) {
  Rewrite f(R"({"max_resp_body_size":5,"filters":[{"regex":"hello","replace":"HELLO"}]})");
  EXPECT_EQ(f.head().response_body({"hel", "lo world", "!", ""}), "HELLO");
}

TEST(ResponseRewrite, AGzipBodyIsDecodedForFilters) {
  std::string body = gzip("hello world");
  Rewrite f(R"({"filters":[{"regex":"hello","replace":"test"}]})");
  f.field("Content-Encoding", "gzip").head();
  EXPECT_FALSE(f.exchange.response.headers.has("Content-Encoding"));
  EXPECT_EQ(f.response_body({body.substr(0, 9), body.substr(9), ""}), "test world");
  Rewrite small(R"({"max_resp_body_size":100,"filters":[{"regex":"^a{100}$","replace":"cut"}]})");
  small.field("Content-Encoding", "gzip").head();
  EXPECT_EQ(small.response_body({gzip(std::string(100'000, 'a')).substr(0, 90), ""}), "cut");
}

TEST(ResponseRewrite, ABodyThatOnlyClaimsToBeGzipIsAFailure) {
  Rewrite f(R"({"filters":[{"regex":"hello","replace":"test"}]})");
  f.field("Content-Encoding", "gzip").head();
  EXPECT_THAT(f.response_body({"hello world"}), HasSubstr("not in the gzip coding"));
}

TEST(ResponseRewrite, FiltersLeaveOtherCodingsAlone) {
  Rewrite f(R"({"filters":[{"regex":"hello","replace":"test"}]})");
  f.field("Content-Encoding", "br").field("ETag", "x").head();
  EXPECT_EQ(f.response_field("Content-Encoding"), "br");
  EXPECT_EQ(f.response_field("ETag"), "x");
  EXPECT_EQ(f.response_body({"hello"}), "hello");
}

TEST(ResponseRewrite, TheLengthToldToHeadIsForgotten) {
  Rewrite f(R"({"body":"b"})");
  f.exchange.response.announced_length = 11;
  f.head();
  EXPECT_EQ(f.exchange.response.announced_length, std::nullopt);
}

TEST(ResponseRewrite, ConfsAreRefusedWithTheReason) {
  auto why = [](std::string_view conf) { return refusal("response-rewrite", conf); };
  EXPECT_EQ(why(R"({"status_code":599})"),
            "property \"status_code\" validation failed: expected 599 to be at most 598");
  EXPECT_EQ(why(R"({"body":2})"), "property \"body\" validation failed: wrong type: expected string, got number");
  EXPECT_EQ(why(R"({"headers":{"":2}})"), "invalid field length in header");
  EXPECT_EQ(why(R"({"headers":{"X-Name":{}}})"), "invalid type as header value");
  EXPECT_EQ(why(R"({"body":"1","body_base64":true})"), "invalid base64 content");
  EXPECT_EQ(why(R"({"body":"","body_base64":true})"), "invalid base64 content");
  EXPECT_EQ(why(R"({"body_base64":true})"), "invalid base64 content");
  EXPECT_THAT(why(R"({"vars":[[]]})"), HasSubstr("failed to validate the 'vars' expression: rule too short"));
  EXPECT_EQ(why(R"({"filters":[{"regex":"hello","replace":"H","options":"h"}]})"),
            "regex \"hello\" validation failed: unknown flag \"h\" (flags \"h\")");
  EXPECT_THAT(why(R"({"filters":[{"regex":"(","replace":"H"}]})"), HasSubstr("regex \"(\" validation failed"));
  EXPECT_THAT(why(R"({"body":"b","filters":[{"regex":"a","replace":"b"}]})"), HasSubstr("dependent schema"));
  EXPECT_EQ(why(R"({"filters":[{"regex":"l"}]})"),
            "property \"filters\" validation failed: failed to validate item 1: property \"replace\" is required");
}

}  // namespace
}  // namespace sallyport::plugins::native
