#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/pairs.h"
#include "plugins/wasm/scripted_http_client_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm::abi {
namespace {

using http::CallFailure;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string pairs(const Fields& fields) {
  PairsSize size;
  for (const auto& [name, value] : fields) size.add(name, value);
  std::string bytes(size.bytes, '\0');
  PairsWriter writer(bytes.data(), size.count);
  for (const auto& [name, value] : fields) writer.add(name, value);
  return bytes;
}

const Fields kGood{{":method", "POST"}, {":path", "/check?a"}, {":authority", "auth.test"}};

class HttpCall : public AbiFixture {
 protected:
  HttpCall() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  }
  ~HttpCall() override {
    plugins_.clear();
    run_messages();
  }

  // What a call is made with; its number is stored at 16.
  struct Made {
    std::string_view upstream = "auth";
    Fields headers = kGood;
    std::string_view body = "ask";
    Fields trailers = {};
    std::int32_t timeout = 5000;
    std::uint32_t slot = 16;
  };
  static std::string text(const Made& made) {
    std::string headers = pairs(made.headers), trailers = pairs(made.trailers);
    std::string arguments = numbers(100, made.upstream.size(), 1000, headers.size(), 2000, made.body.size(), 3000,
                                    trailers.size(), made.timeout, made.slot);
    return call_module("proxy_http_call", arguments,
                       data(100, made.upstream) + data(1000, headers) + data(2000, made.body) + data(3000, trailers));
  }
  GuestImage make(const Made& made, PluginPolicy policy = {}) {
    PluginRun run(plugin(text(made), "", policy));
    return call(run);
  }
  std::uint64_t refused() { return runtime_->state().of("test").calls.of(CallOutcome::kRefused); }

  ScriptedHttpClient client_;
};

TEST_F(HttpCall, ACallIsStartedWithWhatWasGiven) {
  Made made;
  made.headers.insert(made.headers.end(),
                      {{"x-one", "1"}, {"content-length", "7"}, {"host", "other"}, {"bad name", "x"}, {"x-bad", "\n"}});
  made.trailers = {{"x-sum", "9"}};
  GuestImage image = make(made);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 4u);
  ASSERT_EQ(client_.flights.size(), 1u);
  const HttpCallOrder& order = client_.flights[0]->order;
  EXPECT_EQ(order.target.name, "auth");
  EXPECT_FALSE(order.target.may_be_host);
  EXPECT_FALSE(order.waits_for_target);
  EXPECT_EQ(order.timeout, Milliseconds(5000));
  EXPECT_EQ(order.most_answer_bytes, 1u << 20);
  EXPECT_EQ(order.request.method, "POST");
  EXPECT_EQ(order.request.target, "/check?a");
  EXPECT_EQ(order.request.authority, "auth.test");
  EXPECT_THAT(order.request.headers, ElementsAre(Pair("x-one", "1")));
  EXPECT_EQ(order.request.body, "ask");
  EXPECT_THAT(order.request.trailers, ElementsAre(Pair("x-sum", "9")));
  EXPECT_TRUE(log_.has("header bad name of a call is left out"));
}

TEST_F(HttpCall, WithoutATimeoutItHasTheLongest) {
  Made made;
  made.timeout = 0;
  make(made);
  EXPECT_EQ(client_.flights.at(0)->order.timeout, HttpCalls::kLongest);
}

TEST_F(HttpCall, WhatIsWrongWithTheRequestIsABadArgument) {
  for (std::size_t missing = 0; missing < kGood.size(); ++missing) {
    Made made;
    made.headers.erase(made.headers.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_EQ(make(made).status(), Status::kBadArgument) << missing;
  }
  for (auto [name, value] : Fields{{":method", "no token"},
                                   {":method", "CONNECT"},
                                   {":path", "check"},
                                   {":authority", "a b"},
                                   {":authority", "user@a"}}) {
    Made made;
    for (auto& field : made.headers) {
      if (field.first == name) field.second = value;
    }
    EXPECT_EQ(make(made).status(), Status::kBadArgument) << name << value;
  }
  Made late;
  late.timeout = -1;
  EXPECT_EQ(make(late).status(), Status::kBadArgument);
  EXPECT_THAT(client_.flights, IsEmpty());
  EXPECT_EQ(refused(), 9u);
}

TEST_F(HttpCall, AnEmptyAuthorityIsTheNodes) {
  Made made;
  made.headers.back().second = "";
  EXPECT_EQ(make(made).status(), Status::kOk);
  ASSERT_EQ(client_.flights.size(), 1u);
  EXPECT_EQ(client_.flights[0]->order.request.authority, "");
}

TEST_F(HttpCall, MalformedMapsAreABadArgument) {
  std::string headers = pairs(kGood);
  std::string segments = data(100, "auth") + data(1000, headers) + data(3000, "xyz");
  for (auto arguments : {numbers(100, 4, 1000, headers.size() - 1, 0, 0, 0, 0, 1000, 16),
                         numbers(100, 4, 1000, headers.size(), 0, 0, 3000, 3, 1000, 16)}) {
    PluginRun run(plugin(call_module("proxy_http_call", arguments, segments)));
    EXPECT_EQ(call(run).status(), Status::kBadArgument);
  }
}

TEST_F(HttpCall, AnUnknownUpstreamIsABadArgumentAndTheLogSaysWhy) {
  Made made;
  made.upstream = "outbound|80||auth.test";
  EXPECT_EQ(make(made).status(), Status::kBadArgument);
  EXPECT_TRUE(log_.has("http_call to \"outbound|80||auth.test\" is refused: there is no upstream of that id or name"));
}

TEST_F(HttpCall, RangesOutsideOfTheMemoryAreRefused) {
  std::string headers = pairs(kGood);
  std::string segments = data(100, "auth") + data(1000, headers);
  auto size = static_cast<int>(headers.size());
  for (auto arguments :
       {numbers(-9, 100, 1000, size, 0, 0, 0, 0, 1000, 16), numbers(100, 4, -9, 100, 0, 0, 0, 0, 1000, 16),
        numbers(100, 4, 1000, size, -9, 100, 0, 0, 1000, 16), numbers(100, 4, 1000, size, 0, 0, -9, 100, 1000, 16),
        numbers(100, 4, 1000, size, 0, 0, 0, 0, 1000, -2)}) {
    PluginRun run(plugin(call_module("proxy_http_call", arguments, segments)));
    EXPECT_EQ(call(run).status(), Status::kInvalidMemoryAccess);
  }
  EXPECT_THAT(client_.flights, IsEmpty());
}

TEST_F(HttpCall, MoreCallsThanAllowedAreAnInternalFailure) {
  PluginPolicy policy;
  policy.limits.http_calls.max_calls = 2;
  auto made = plugin(text({}), "", policy);
  for (int i = 0; i < 3; ++i) {
    PluginRun run(made);
    EXPECT_EQ(call(run).status(), i < 2 ? Status::kOk : Status::kInternalFailure);
  }
  EXPECT_TRUE(log_.has("2 calls are under way; raise max_http_calls"));
  client_.answer(0, 200);
  PluginRun run(made);
  EXPECT_EQ(call(run).status(), Status::kOk);
}

TEST_F(HttpCall, RequestsUnderWayHoldNoMoreThanThePluginsMemory) {
  PluginPolicy policy;
  policy.limits.memory_bytes = 64 << 10;
  Made made;
  std::string large(40'000, 'x');
  made.body = large;
  made.headers = {{":method", "POST"}, {":path", "/"}, {":authority", "a"}};
  std::string arguments = numbers(100, 4, 200, pairs(made.headers).size(), 2000, large.size(), 0, 0, 1000, 16);
  auto twice =
      plugin(call_module("proxy_http_call", arguments, data(100, "auth") + data(200, pairs(made.headers))), "", policy);
  PluginRun first(twice), second(twice);
  EXPECT_EQ(call(first).status(), Status::kOk);
  EXPECT_EQ(call(second).status(), Status::kInternalFailure);
}

TEST_F(HttpCall, WithoutAWorkersClientItIsAnInternalFailure) {
  Threads threads;
  threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
  plugins_.clear();
  run_messages();
  runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  EXPECT_EQ(make({}).status(), Status::kInternalFailure);
}

TEST_F(HttpCall, HostsThatTheConfAllowsNeedNoUpstream) {
  VmSpec spec;
  spec.plugin = "test";
  spec.module = *runtime_->load_now(write_file("hosts.wat", text({.upstream = "Auth.test:8080"})));
  RootConf conf{"test", "", "", {"auth.test:8080"}};
  Running configured(runtime_->configure(std::move(spec), std::move(conf), "routes/1"));
  plugins_.push_back(std::make_shared<const WasmPlugin>(*configured.result(), PluginPolicy()));
  PluginRun run(plugins_.back());
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_TRUE(client_.flights.at(0)->order.target.may_be_host);
  EXPECT_EQ(make({.upstream = "auth.test:8081"}).status(), Status::kBadArgument);
}

TEST_F(HttpCall, TheStatusOfNoCallIsEmpty) {
  PluginRun run(plugin(call_module("proxy_get_status", numbers(16, 20, 24), data(16, "\xff\xff\xff\xff"))));
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 0u);
  EXPECT_EQ(image.number(24), 0u);
}

TEST_F(HttpCall, TheStatusWantsPlacesInTheMemory) {
  PluginRun code(plugin(call_module("proxy_get_status", numbers(-2, 20, 24), "")));
  EXPECT_EQ(call(code).status(), Status::kInvalidMemoryAccess);
  PluginRun text(plugin(call_module("proxy_get_status", numbers(16, -2, 24), "")));
  EXPECT_EQ(call(text).status(), Status::kInvalidMemoryAccess);
}

TEST_F(HttpCall, WithoutAnAnswerItsMapsAreEmptyAndItsBodyIsNotThere) {
  PluginRun map(plugin(call_module("proxy_get_header_map_pairs", numbers(6, 16, 20), "")));
  GuestImage image = call(map);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(20), 0u);
  PluginRun body(plugin(call_module("proxy_get_buffer_bytes", numbers(4, 0, 100, 16, 20), "")));
  EXPECT_EQ(call(body).status(), Status::kNotFound);
}

}  // namespace
}  // namespace sallyport::wasm::abi
