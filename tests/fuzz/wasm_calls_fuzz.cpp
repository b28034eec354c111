// Whatever host calls a guest makes, in whatever callback and order, with whatever arguments: the exchange comes to an
// end, and what the guest has made of its fields can be sent. See calling_guest.h for how the bytes are read.

#include "calling_guest.h"
#include "plugins/wasm/scripted_http_client_fixture.h"
#include "require.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;
using chain::Phase;
using namespace std::string_view_literals;

void require_sendable(std::string_view name, std::string_view value) {
  require(!name.empty() && name.find_first_of("\r\n\0: "sv) == name.npos);
  require(value.find_first_of("\r\n\0"sv) == value.npos);
}
void require_sendable(const http::Headers& fields) {
  for (const http::Field& field : fields) require_sendable(field.name, field.value);
}

class Host final : wasm::WasmFixture {
 public:
  Host() {
    wasm::Threads threads;
    threads.workers.push_back([this](wasm::Message message) { messages_.push_back(std::move(message)); });
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *wasm::Runtime::start(std::move(threads), clock_, wasm::tested_engine());
    wasm::PluginPolicy policy;
    policy.isolation = wasm::Isolation::kRequest;  // each input begins with the same guest
    plugin_ = plugin(guest_.module(), "configuration", policy);
  }

  void serve(std::string_view input) {
    const std::string program = guest_.program(input);
    {
      wasm::PluginRun run(plugin_, "/path?q=1");
      run.header("X-One", "1").header("Content-Length", "3");
      run.exchange.set_property("program", program);
      run.exchange.set_property("bytes", input.substr(0, 400));
      auto& trailers = run.arena.make<http::Headers>(run.arena);
      trailers.add("x-t", "2");
      run.exchange.request_trailers = run.exchange.response_trailers = &trailers;
      go_through(run);
      run.run->log();
      require_sendable(run.exchange.request.headers);
      require_sendable(run.exchange.response.headers);
      require_sendable(trailers);
    }
    client_.flights.clear();
    client_.flows.clear();
    answered_ = 0;
    run_messages();
  }

 private:
  void TestBody() override {}

  // False: it has ended.
  template <class Step>
  bool runs(Step step) {
    async::Running running(std::move(step));
    for (; !running.is_done() && answered_ < client_.flights.size(); ++answered_) {
      if (!client_.flights[answered_]->dropped) client_.answer(answered_, 200, "answer");
    }
    if (!running.is_done()) {  // it pauses for ever, until the client has gone
      running.drop();
      return false;
    }
    const chain::Verdict& verdict = running.result();
    if (const http::Response* answer = verdict.response()) {
      require(answer->status >= 200 && answer->status <= 599);
      for (const auto& [name, value] : answer->headers) require_sendable(name, value);
    }
    return verdict.proceeds();
  }

  void go_through(wasm::PluginRun& run) {
    if (!runs(run.run->run(Phase::kAccess))) return;
    http::Chunk passed;
    if (!runs(run.run->run_body(Phase::kRequestBody, {"one", true}, passed))) return;
    if (!runs(run.run->run(Phase::kRequestTrailers))) return;
    run.exchange.response.status = 200;
    run.exchange.response_source = exchange::ResponseSource::kUpstream;
    if (!runs(run.run->run(Phase::kResponseHeaders))) return;
    if (!runs(run.run->run_body(Phase::kResponseBody, {"two", true}, passed))) return;
    runs(run.run->run(Phase::kResponseTrailers));
  }

  wasm::CallingGuest guest_;
  wasm::ScriptedHttpClient client_;
  std::size_t answered_ = 0;  // of its flights
  std::shared_ptr<const wasm::WasmPlugin> plugin_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Host host;
  host.serve({reinterpret_cast<const char*>(data), size});
  return 0;
}
