// What WebAssembly plugins cost: a request through one that does nothing, over the same request without it; host calls;
// a new VM; shared data on which all workers write. The modules come from SALLYPORT_PLUGINS (build/plugins), the engine
// for requests, host calls and VMs from SALLYPORT_WASM_ENGINE.

#include "plugins/wasm/shared_data.h"
#include "plugins/wasm/wasm_fixture.h"
#include "plugins/wasm/wasmtime_engine.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <vector>

namespace sallyport::wasm {
namespace {

using chain::Phase;

std::string file_of(const std::string& name) {
  const char* folder = std::getenv("SALLYPORT_PLUGINS");
  return (folder ? folder : "build/plugins") + ("/" + name);
}

class Host final : public WasmFixture {
 public:
  std::shared_ptr<const WasmPlugin> of_text(std::string_view text) { return plugin(text); }
  std::shared_ptr<const WasmPlugin> of_file(const std::string& name) {
    auto module = runtime_->load_now(file_of(name));
    if (!module) throw std::runtime_error(module.error().what);
    auto made = try_module(std::move(*module), "", {});
    if (!made) throw std::runtime_error(made.error().what);
    return *made;
  }
  VmSpec spec_of_file(const std::string& name) {
    auto module = runtime_->load_now(file_of(name));
    if (!module) throw std::runtime_error(module.error().what);
    VmSpec spec;
    spec.plugin = "measured";
    spec.module = *std::move(module);
    return spec;
  }
  void start_and_end(const VmSpec& spec) {
    Running started(runtime_->try_start(spec));
    if (!started.is_done() || !started.result()) throw std::runtime_error("the VM does not start");
  }

 private:
  void TestBody() override {}
};

// Requests of one route, `under_way` of them at any time: the oldest is answered, then another begins. Without a plugin
// their chain is empty.
class Requests {
 public:
  explicit Requests(std::shared_ptr<const chain::Plugin> plugin, std::size_t under_way = 1) : under_way_(under_way) {
    std::vector<chain::Link> links;
    if (plugin) {
      chain::Link link;
      link.name = "measured";
      link.reason = "plugin:measured";
      link.plugin = std::move(plugin);
      links.push_back(std::move(link));
    }
    chain_ = std::make_unique<chain::Chain>(std::move(links));
  }

  // Both heads and the end, with no body.
  void one() {
    auto& slot = under_way_[next_];
    next_ = (next_ + 1) % under_way_.size();
    if (slot) slot->answer();
    slot.emplace(*chain_);
  }

 private:
  class Request {
   public:
    explicit Request(const chain::Chain& chain) : exchange_(arena_, clock_), run_(chain, exchange_, {1000, 1000}) {
      exchange_.request_target = exchange_.request.target = exchange_.uri = "/";
      exchange_.request_method = exchange_.request.method = "GET";
      exchange_.request.headers.add("host", "a");
      pass(Phase::kAccess);
    }

    void answer() {
      exchange_.response.status = 200;
      exchange_.response_source = exchange::ResponseSource::kUpstream;
      pass(Phase::kResponseHeaders);
      run_.log();
    }

   private:
    void pass(Phase phase) {
      Running running(run_.run(phase));
      if (!running.is_done() || !running.result().proceeds())
        throw std::runtime_error("the plugin let no request pass");
    }

    SystemClock clock_;
    Arena arena_;
    exchange::Exchange exchange_;
    chain::ChainRun run_;
  };

  std::unique_ptr<chain::Chain> chain_;
  std::vector<std::optional<Request>> under_way_;
  std::size_t next_ = 0;  // the oldest
};

void request(benchmark::State& state, const std::string& module, std::size_t under_way) {
  Host host;
  Requests requests(module.empty() ? nullptr : host.of_file(module), under_way);
  for ([[maybe_unused]] auto _ : state) requests.one();
}
BENCHMARK_CAPTURE(request, without_plugin, "", 1);
BENCHMARK_CAPTURE(request, rust, "do-nothing-rust.wasm", 1);
BENCHMARK_CAPTURE(request, go, "do-nothing-go.wasm", 1);
BENCHMARK_CAPTURE(request, without_plugin_among_200, "", 200);
BENCHMARK_CAPTURE(request, rust_among_200, "do-nothing-rust.wasm", 200);
BENCHMARK_CAPTURE(request, go_among_200, "do-nothing-go.wasm", 200);

// What a request costs when its callback makes `kCalls` host calls.
constexpr int kCalls = 1000;

void host_calls(benchmark::State& state, const std::string& import, const std::string& call) {
  Host host;
  Requests requests(host.of_text(wat(import, R"(
      (data (i32.const 16) "host")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $left i32)
        (local.set $left (i32.const )" + std::to_string(kCalls) +
                                                 R"())
        (loop $again
          (global.set $next (i32.const 4096))
          )" + call + R"(
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 0)))")));
  for ([[maybe_unused]] auto _ : state) requests.one();
}
BENCHMARK_CAPTURE(host_calls, none, "", "(drop (i32.const 0))");
BENCHMARK_CAPTURE(host_calls, set_effective_context,
                  R"((import "env" "proxy_set_effective_context" (func $call (param i32) (result i32))))",
                  "(drop (call $call (i32.const 0)))");
BENCHMARK_CAPTURE(host_calls, get_current_time,
                  R"((import "env" "proxy_get_current_time_nanoseconds" (func $call (param i32) (result i32))))",
                  "(drop (call $call (i32.const 64)))");
BENCHMARK_CAPTURE(
    host_calls, get_header,
    R"((import "env" "proxy_get_header_map_value" (func $call (param i32 i32 i32 i32 i32) (result i32))))",
    "(drop (call $call (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 64) (i32.const 68)))");

// A VM of a compiled module: made, started by what its language needs, and ended.
void new_vm(benchmark::State& state, const std::string& module) {
  Host host;
  const VmSpec spec = host.spec_of_file(module);
  for ([[maybe_unused]] auto _ : state) host.start_and_end(spec);
}
BENCHMARK_CAPTURE(new_vm, rust, "do-nothing-rust.wasm")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(new_vm, go, "do-nothing-go.wasm")->Unit(benchmark::kMicrosecond);

// How long a module takes to be compiled, by one thread, and what its code then takes for a request.
void compile(benchmark::State& state, CodeForm form, const std::string& name) {
  auto engine = *make_wasmtime_engine(InstancePlaces::kPool, form);
  auto file = read_module_file(*engine, file_of(name));
  if (!file) throw std::runtime_error(file.error().what);
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    auto module = compile_module(*engine, *file);
    if (!module) throw std::runtime_error(module.error().what);
    bytes = (*module)->code->code_bytes();
  }
  state.counters["code_kib"] = static_cast<double>(bytes >> 10);
}
BENCHMARK_CAPTURE(compile, optimised_rust, CodeForm::kMachine, "add-header-rust.wasm")
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(compile, optimised_go, CodeForm::kMachine, "fault-injection-go.wasm")
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(compile, bytecode_go, CodeForm::kBytecode, "fault-injection-go.wasm")
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(compile, quick_rust, CodeForm::kQuick, "add-header-rust.wasm")
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(compile, quick_go, CodeForm::kQuick, "fault-injection-go.wasm")
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();

// All workers read and write one key, or each its own.
class Shared : public benchmark::Fixture {
 public:
  SystemClock clock;
  SharedData data{clock, SharedDataLimits{}};

  static std::string key(const benchmark::State& state) {
    return "key" + std::to_string(state.range(0) == 0 ? 0 : state.thread_index());
  }
};
BENCHMARK_DEFINE_F(Shared, get)(benchmark::State& state) {
  const std::string mine = key(state);
  data.set(mine, "some value of thirty-two bytes...", 0);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(data.get(mine));
}
BENCHMARK_DEFINE_F(Shared, compare_and_set)(benchmark::State& state) {
  const std::string mine = key(state);
  data.set(mine, "some value of thirty-two bytes...", 0);
  for ([[maybe_unused]] auto _ : state) {
    auto found = data.get(mine);
    benchmark::DoNotOptimize(data.set(mine, "another one of thirty-two bytes.", found ? found->cas : 0));
  }
}
BENCHMARK_REGISTER_F(Shared, get)->ArgName("own_key")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK_REGISTER_F(Shared, compare_and_set)->ArgName("own_key")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->Threads(4);

}  // namespace
}  // namespace sallyport::wasm

BENCHMARK_MAIN();
