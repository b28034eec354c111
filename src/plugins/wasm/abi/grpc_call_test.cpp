#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/grpc_answer.h"
#include "plugins/wasm/scripted_http_client_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm::abi {
namespace {

using http::CallFailure;
using testing::Contains;
using testing::Pair;

class GrpcCall : public AbiFixture {
 protected:
  GrpcCall() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  }
  ~GrpcCall() override {
    plugins_.clear();
    run_messages();
  }

  // Calls test.Echo/One with "hi"; its number is stored at 16.
  GuestImage make(std::string_view upstream = "auth", int timeout = 5000, std::string_view method = "One") {
    std::string arguments = numbers(100, upstream.size(), 300, 9, 400, method.size(), 500, 0, 600, 2, timeout, 16);
    std::string segments = data(100, upstream) + data(300, "test.Echo") + data(400, method) + data(600, "hi");
    PluginRun run(plugin(call_module("proxy_grpc_call", arguments, segments)));
    return call(run);
  }
  Status status(std::string_view function, std::string_view arguments) {
    PluginRun run(plugin(call_module(function, arguments, "")));
    return call(run).status();
  }

  ScriptedHttpClient client_;
};

TEST_F(GrpcCall, ACallIsARequestOfHttpWithOneMessage) {
  GuestImage image = make();
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 5u) << "the lowest bit tells it from a HTTP call";
  ASSERT_EQ(client_.flights.size(), 1u);
  const HttpCallOrder& order = client_.flights[0]->order;
  EXPECT_EQ(order.target.name, "auth");
  EXPECT_TRUE(order.target.speaks_grpc);
  EXPECT_EQ(order.request.method, "POST");
  EXPECT_EQ(order.request.target, "/test.Echo/One");
  EXPECT_EQ(order.request.body, std::string("\0\0\0\0\2hi", 7));
  EXPECT_THAT(order.request.headers, Contains(Pair("content-type", "application/grpc")));
  EXPECT_THAT(order.request.headers, Contains(Pair("grpc-timeout", "5000m")));
}

TEST_F(GrpcCall, TheUpstreamMayBeAGrpcServiceOfEnvoy) {
  EXPECT_EQ(make(std::string_view("\x0a\x06\x0a\x04"
                                  "auth",
                                  8))
                .status(),
            Status::kOk);
  EXPECT_EQ(make(std::string_view("\x12\x06\x0a\x04"
                                  "auth",
                                  8))
                .status(),
            Status::kOk);
  EXPECT_EQ(client_.flights.at(1)->order.target.name, "auth");
  EXPECT_EQ(make(std::string_view("\x0a\x09\x0a\x04"
                                  "auth",
                                  8))
                .status(),
            Status::kParseFailure);
}

TEST_F(GrpcCall, WhatIsWrongIsSaid) {
  EXPECT_EQ(make("nowhere").status(), Status::kParseFailure);
  EXPECT_TRUE(log_.has("grpc_call to \"nowhere\" is refused: there is no upstream of that id or name"));
  EXPECT_EQ(make("auth", -1).status(), Status::kBadArgument);
  EXPECT_EQ(make("auth", 1000, "a b").status(), Status::kBadArgument);
  EXPECT_EQ(make("auth", 1000, "a/b").status(), Status::kBadArgument);
  EXPECT_EQ(status("proxy_grpc_call", numbers(-9, 100, 0, 0, 0, 0, 0, 0, 0, 0, 1000, 16)),
            Status::kInvalidMemoryAccess);
}

TEST_F(GrpcCall, WhereThereIsNoCallNothingIsFound) {
  EXPECT_EQ(status("proxy_grpc_send", numbers(1, 100, 4, 0)), Status::kNotFound);
  EXPECT_EQ(status("proxy_grpc_cancel", numbers(5)), Status::kNotFound);
  EXPECT_EQ(status("proxy_grpc_close", numbers(5)), Status::kNotFound);
}

GrpcEnd end_of(http::CallResult result) { return *grpc_answer(std::move(result)).grpc; }

TEST(GrpcAnswer, HasTheMessageOrSaysWhyThereIsNone) {
  AnsweredCall answer = grpc_answer(http::CallAnswer{200, {}, grpc_frame("hi"), {{"grpc-status", "0"}}});
  EXPECT_EQ(answer.grpc->status, 0u);
  EXPECT_EQ(answer.body, "hi");
  const GrpcEnd refused = end_of(http::CallAnswer{200, {{"grpc-status", "7"}, {"grpc-message", "no"}}, "", {}});
  EXPECT_EQ(refused.status, 7u);
  EXPECT_EQ(refused.message, "no");
  EXPECT_EQ(end_of(http::CallAnswer{503, {}, "", {}}).status, 14u);
  EXPECT_EQ(end_of(http::CallAnswer{200, {}, "", {}}).status, 2u);
  EXPECT_EQ(end_of(http::CallAnswer{200, {}, "abc", {{"grpc-status", "0"}}}).status, 13u);
  EXPECT_EQ(end_of(http::CallAnswer{200, {}, "", {{"grpc-status", "99"}}}).status, 2u);
  EXPECT_EQ(end_of(std::unexpected(CallFailure{CallFailure::Kind::kTimeout, ""})).status, 4u);
  EXPECT_EQ(end_of(std::unexpected(CallFailure{CallFailure::Kind::kBroken, ""})).status, 14u);
}

}  // namespace
}  // namespace sallyport::wasm::abi
