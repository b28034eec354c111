#include "simulation/wasm_answers.h"

#include "async/task_fixture.h"
#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/wasm_fixture.h"
#include "plugins/wasm/wasm_plugin.h"

#include <stdexcept>
#include <utility>

namespace sallyport::simulation {

namespace {

constexpr std::string_view kImports = R"(
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";

constexpr std::string_view kRefuse = R"(
  (data (i32.const 200) "wasm")
  (func $refuse (drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 200) (i32.const 4)
                                    (i32.const 0) (i32.const 0) (i32.const -1)))))";

std::string module_of(const std::string& callback) { return wasm::wat(kImports, std::string(kRefuse) + callback); }

std::string headers(const std::string& direction) {
  return module_of("(func (export \"proxy_on_" + direction +
                   "_headers\") (param i32 i32 i32) (result i32) (call $refuse) (i32.const 1))");
}
std::string whole_body(const std::string& direction) {
  return module_of("(func (export \"proxy_on_" + direction + R"(_body") (param i32 i32 i32) (result i32)
    (if (local.get 2) (then (call $refuse))) (i32.const 1)))");
}
std::string first_piece(const std::string& direction) {
  return module_of("(func (export \"proxy_on_" + direction +
                   "_body\") (param i32 i32 i32) (result i32) (call $refuse) (i32.const 1))");
}
std::string trailers(const std::string& direction) {
  return module_of("(func (export \"proxy_on_" + direction +
                   "_trailers\") (param i32 i32) (result i32) (call $refuse) (i32.const 1))");
}
std::string log() { return module_of(R"((func (export "proxy_on_log") (param i32) (call $refuse)))"); }

}  // namespace

class WasmAnswers::Type final : public chain::PluginType {
 public:
  Type(std::string name, std::shared_ptr<chain::PluginPtr> plugin)
      : name_(std::move(name)), plugin_(std::move(plugin)) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return 50; }
  const json::Schema& schema() const override {
    static const json::Schema any = json::Schema::must_compile(R"({"type": "object"})");
    return any;
  }
  async::Task<Result<chain::PluginPtr>> configure(const json::Value&, const chain::Place&) const override {
    return Result<chain::PluginPtr>(*plugin_);
  }

 private:
  std::string name_;
  std::shared_ptr<chain::PluginPtr> plugin_;
};

WasmAnswers::WasmAnswers(async::Reactor& reactor, chain::Catalog& catalog) {
  wasm::Threads threads;
  threads.workers.push_back(reactor.poster());
  runtime_ = *wasm::Runtime::start(std::move(threads), clock_, wasm::tested_engine());
  const std::vector<std::pair<std::string, std::string>> modules{{"wasm-request-headers", headers("request")},
                                                                 {"wasm-request-body", whole_body("request")},
                                                                 {"wasm-request-trailers", trailers("request")},
                                                                 {"wasm-response-headers", headers("response")},
                                                                 {"wasm-response-body", first_piece("response")},
                                                                 {"wasm-response-trailers", trailers("response")},
                                                                 {"wasm-log", log()}};
  for (const auto& [name, text] : modules) {
    auto& kept = plugins_.emplace_back(std::make_shared<chain::PluginPtr>(make(name, text)));
    catalog.add(std::make_unique<Type>(name, kept));
  }
}

void WasmAnswers::forget() {
  for (auto& plugin : plugins_) plugin->reset();
}

chain::PluginPtr WasmAnswers::make(const std::string& name, const std::string& text) {
  wasm::PluginPolicy policy;
  wasm::VmSpec spec;
  spec.plugin = name;
  spec.module = runtime_->load_now(folder_.write(name + ".wat", text), policy.module_isolation()).value();
  spec.limits.memory_bytes = policy.limits.memory_bytes;
  spec.limits.cpu_budget = policy.limits.cpu_budget;
  spec.start_budget = policy.limits.start_budget;
  spec.max_instances = policy.limits.max_instances;
  wasm::RootConf conf{name, "root", ""};
  async::Running configured(runtime_->configure(std::move(spec), std::move(conf), "routes/" + name));
  if (!configured.is_done()) throw std::runtime_error("configure waits");
  return std::make_shared<const wasm::WasmPlugin>(std::move(configured.result()).value(), policy);
}

}  // namespace sallyport::simulation
