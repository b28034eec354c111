#pragma once
// Wasm plugins in memory for unit tests: modules in the text format, one worker that is the test itself, exchanges
// without connections; no part of the product.

#include "async/task_fixture.h"
#include "base/clock.h"
#include "base/log_fixture.h"
#include "base/temporary_folder_fixture.h"
#include "chain/chain.h"
#include "exchange/exchange_fixture.h"
#include "json/parse.h"
#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/wasm_plugin.h"
#include "plugins/wasm/wasm_plugin_types.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

using async::Running;

// A module: the marker, a memory of one page, an allocator that hands out 64 KiB from 4096 on, and `body`.
inline std::string wat(std::string_view imports, std::string_view body, std::string_view version = "0_2_1") {
  return "(module " + std::string(imports) + R"(
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "proxy_on_memory_allocate") (param $size i32) (result i32) (local $at i32)
      (local.set $at (global.get $next))
      (global.set $next (i32.add (global.get $next) (local.get $size)))
      (local.get $at))
    (func (export "proxy_abi_version_)" +
         std::string(version) + "\"))" + std::string(body) + ")";
}

class WasmFixture : public testing::Test {
 protected:
  WasmFixture() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  }
  ~WasmFixture() override {
    plugins_.clear();
    run_messages();
  }

  std::string write_file(std::string_view name, std::string_view bytes) {
    return folder_.write(std::string(name), std::string(bytes));
  }

  // A plugin of the module in the text format; fails the test when it is refused.
  std::shared_ptr<const WasmPlugin> plugin(std::string_view text, std::string configuration = "",
                                           PluginPolicy policy = {}) {
    auto made = try_plugin(text, std::move(configuration), policy);
    if (!made) throw std::runtime_error(made.error().what);
    return *made;
  }

  Result<std::shared_ptr<const WasmPlugin>> try_plugin(std::string_view text, std::string configuration = "",
                                                       PluginPolicy policy = {}) {
    TRY(auto module,
        runtime_->load_now(write_file("plugin" + std::to_string(++files_) + ".wat", text), policy.module_isolation()));
    return try_module(std::move(module), std::move(configuration), policy);
  }

  Result<std::shared_ptr<const WasmPlugin>> try_module(std::shared_ptr<const Module> module, std::string configuration,
                                                       PluginPolicy policy) {
    VmSpec spec;
    spec.plugin = "test";
    spec.module = std::move(module);
    spec.vm_config = "vm configuration";
    spec.limits.memory_bytes = policy.limits.memory_bytes;
    spec.limits.cpu_budget = policy.limits.cpu_budget;
    spec.start_budget = policy.limits.start_budget;
    spec.max_instances = policy.limits.max_instances;
    spec.is_fair = policy.is_fair;
    spec.resets = policy.isolation == Isolation::kRequest;
    spec.http_calls = policy.limits.http_calls;
    spec.settings = vm_settings_;
    RootConf conf{"test", "root", std::move(configuration)};
    Running configured(runtime_->configure(std::move(spec), std::move(conf), "routes/1"));
    if (!configured.is_done()) return fail(ErrorCode::kInternal, "configure waits");
    TRY(auto roots, std::move(configured.result()));
    return plugins_.emplace_back(std::make_shared<const WasmPlugin>(std::move(roots), policy));
  }

  // What the plugin sends to its worker.
  void run_messages() {
    while (!messages_.empty()) {
      Message message = std::move(messages_.front());
      messages_.pop_front();
      message();
    }
  }

  log::Capture log_;
  SystemClock clock_;
  TemporaryFolder folder_;
  const std::string directory_ = folder_.path();
  int files_ = 0;
  std::deque<Message> messages_;
  std::shared_ptr<Runtime> runtime_;
  VmSettings vm_settings_;  // of plugins made from now on
  std::vector<std::shared_ptr<const WasmPlugin>> plugins_;
};

// An exchange with a chain of one plugin.
struct PluginRun : exchange::ExchangeFixture {
  explicit PluginRun(std::shared_ptr<const chain::Plugin> plugin, std::string_view target = "/",
                     std::string_view method = "GET")
      : ExchangeFixture(target, method) {
    chain::Link link;
    link.name = "test";
    link.reason = "plugin:test";
    link.plugin = std::move(plugin);
    std::vector<chain::Link> links;
    links.push_back(std::move(link));
    chain = std::make_unique<chain::Chain>(std::move(links));
    run.emplace(*chain, exchange, chain::BodyLimits{1000, 1000});
  }
  ~PluginRun() { arena.reset(); }

  // Runs a phase that must not wait.
  chain::Verdict phase(chain::Phase which) {
    Running running(run->run(which));
    if (!running.is_done()) {
      ADD_FAILURE() << "the phase waits";
      return chain::Verdict::close();
    }
    return std::move(running.result());
  }
  chain::Verdict request() { return phase(chain::Phase::kAccess); }
  chain::Verdict response(int status = 200) {
    exchange.response.status = status;
    exchange.response_source = exchange::ResponseSource::kUpstream;
    return phase(chain::Phase::kResponseHeaders);
  }
  // What comes out of a body stage.
  std::string body(chain::Phase which, std::string_view bytes, bool is_last) {
    http::Chunk passed;
    Running running(run->run_body(which, {bytes, is_last}, passed));
    if (!running.is_done()) return "(waits)";
    if (!running.result().proceeds()) return "(ended)";
    return std::string(passed.bytes);
  }

  // Runs every phase, with bodies and trailers both ways: whether it came to its end without a failure.
  bool goes_through() {
    using chain::Phase;
    auto& trailers = arena.make<http::Headers>(arena);
    trailers.add("x-t", "1");
    exchange.request_trailers = exchange.response_trailers = &trailers;
    bool proceeds = request().proceeds() && body(Phase::kRequestBody, "one", true) == "one" &&
                    phase(Phase::kRequestTrailers).proceeds() && response().proceeds() &&
                    body(Phase::kResponseBody, "two", true) == "two" && phase(Phase::kResponseTrailers).proceeds();
    run->log();
    return proceeds;
  }

  std::unique_ptr<chain::Chain> chain;
  std::optional<chain::ChainRun> run;
};

}  // namespace sallyport::wasm
