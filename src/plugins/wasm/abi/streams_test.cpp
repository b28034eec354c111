#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/pairs.h"

namespace sallyport::wasm::abi {
namespace {

class Streams : public AbiFixture {
 protected:
  struct Answer {
    std::uint32_t status = 200;
    std::string body;
    std::vector<Pair> headers;
    std::int32_t grpc_status = -1;
    std::string details;
  };

  static std::string encoded(const std::vector<Pair>& pairs) {
    PairsSize size;
    for (const auto& [name, value] : pairs) size.add(name, value);
    std::string bytes(size.bytes, '\0');
    PairsWriter writer(bytes.data(), size.count);
    for (const auto& [name, value] : pairs) writer.add(name, value);
    return bytes;
  }

  static std::string answering(const Answer& answer) {
    std::string headers = encoded(answer.headers);
    return call_module("proxy_send_local_response",
                       numbers(answer.status, 3000, answer.details.size(), 1000, answer.body.size(), 2000,
                               headers.size(), answer.grpc_status),
                       data(1000, answer.body) + data(2000, headers) + data(3000, answer.details));
  }

  http::Response answer_of(const Answer& answer, std::string_view content_type = "") {
    PluginRun run(plugin(answering(answer)));
    if (!content_type.empty()) run.header("Content-Type", content_type);
    chain::Verdict verdict = run.request();
    if (!verdict.response()) throw std::runtime_error("no answer");
    return std::move(*verdict.response());
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST_F(Streams, AnAnswerHasTheTypeTextUnlessThePluginSaysOtherwise) {
  EXPECT_EQ(answer_of({.body = "hi"}).headers, (Fields{{"content-type", "text/plain"}}));
  EXPECT_EQ(answer_of({.body = "{}", .headers = {{"Content-Type", "application/json"}}}).headers,
            (Fields{{"content-type", "application/json"}}));
  EXPECT_EQ(answer_of({}).headers, Fields{});
}

TEST_F(Streams, StatusesThatAreNoneBecome500) {
  EXPECT_EQ(answer_of({.status = 0}).status, 500);
  EXPECT_EQ(answer_of({.status = 101}).status, 500);
  EXPECT_EQ(answer_of({.status = 1000}).status, 500);
  EXPECT_EQ(answer_of({.status = 599}).status, 599);
}

TEST_F(Streams, HeadersOfAnAnswerCannotBreakIt) {
  http::Response response = answer_of({.headers = {{"content-length", "99"},
                                                   {"transfer-encoding", "chunked"},
                                                   {"connection", "close"},
                                                   {"x-one", "a\r\nb: c"},
                                                   {"x two", "1"},
                                                   {":status", "200"},
                                                   {"x-good", "1"}}});
  EXPECT_EQ(response.headers, (Fields{{"x-good", "1"}}));
}

TEST_F(Streams, DetailsOfAnAnswerAreOneWordOfTheReason) {
  EXPECT_EQ(answer_of({.status = 403, .details = "too\tmany requests\n"}).details, "too_many_requests_");
  EXPECT_EQ(answer_of({.status = 403, .details = std::string(300, 'x')}).details, std::string(256, 'x'));
  PluginRun run(plugin(answering({.status = 403, .details = "no quota"})));
  EXPECT_TRUE(run.request().response());
  EXPECT_EQ(run.exchange.reason, "plugin:test:no_quota");
  PluginRun silent(plugin(answering({.status = 403})));
  EXPECT_TRUE(silent.request().response());
  EXPECT_EQ(silent.exchange.reason, "plugin:test");
}

TEST_F(Streams, AGrpcRequestGetsItsStatusInTheHead) {
  http::Response response =
      answer_of({.status = 403, .body = "no way", .headers = {{"x-one", "1"}}}, "application/grpc+proto");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(
      response.headers,
      (Fields{{"content-type", "application/grpc"}, {"grpc-status", "7"}, {"grpc-message", "no way"}, {"x-one", "1"}}));
  EXPECT_EQ(answer_of({.status = 403, .grpc_status = 5}, "application/grpc").headers[1].second, "5");
  EXPECT_EQ(answer_of({.status = 403, .body = "no way"}, "application/grpc-web").status, 403);
}

TEST_F(Streams, MalformedHeadersAreABadArgument) {
  PluginRun run(
      plugin(call_module("proxy_send_local_response", numbers(200, 0, 0, 0, 0, 100, 3, -1), data(100, "abc"))));
  EXPECT_EQ(call(run).status(), Status::kBadArgument);
}

TEST_F(Streams, CallsForStreamsThatAreNotPausedDoNothing) {
  for (int stream : {0, 1, 2, 3}) {
    PluginRun run(plugin(call_module("proxy_continue_stream", numbers(stream), "")));
    EXPECT_EQ(call(run).status(), Status::kOk);
  }
  PluginRun unknown(plugin(call_module("proxy_continue_stream", numbers(4), "")));
  EXPECT_EQ(call(unknown).status(), Status::kBadArgument);
  PluginRun closing(plugin(call_module("proxy_close_stream", numbers(4), "")));
  EXPECT_EQ(call(closing).status(), Status::kBadArgument);
}

TEST_F(Streams, ClosingEndsTheConnectionWithoutAnAnswer) {
  for (int stream : {0, 1}) {
    PluginRun run(plugin(call_module("proxy_close_stream", numbers(stream), "")));
    EXPECT_TRUE(run.request().closes());
  }
}

TEST_F(Streams, ClosingThoseOfTcpLeavesTheExchangeAlone) {
  for (int stream : {2, 3}) {
    PluginRun run(plugin(call_module("proxy_close_stream", numbers(stream), "")));
    EXPECT_EQ(call(run).status(), Status::kOk) << stream;
  }
}

TEST_F(Streams, ClearingTheRouteHasItChosenAgainBeforeTheRequestLeaves) {
  PluginRun cleared(plugin(call_module("proxy_clear_route_cache", "", "")));
  EXPECT_FALSE(cleared.exchange.route_is_outdated);
  EXPECT_EQ(call(cleared).status(), Status::kOk);
  EXPECT_TRUE(cleared.exchange.route_is_outdated);
}

TEST_F(Streams, UnknownContextsAreABadArgument) {
  PluginRun unknown(plugin(call_module("proxy_set_effective_context", numbers(99), "")));
  EXPECT_EQ(call(unknown).status(), Status::kBadArgument);
  for (int known : {0, 1, 2}) {  // none, the root, the exchange
    PluginRun run(plugin(call_module("proxy_set_effective_context", numbers(known), "")));
    EXPECT_TRUE(run.request().proceeds());
  }
}

}  // namespace
}  // namespace sallyport::wasm::abi
