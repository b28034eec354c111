#pragma once
// A WasmFilter of a plugin with `fair: true`: its callbacks are cut into time slices. While one of them is suspended,
// nothing else enters the guest; what the other direction of the exchange has for it waits. An exchange for which there
// is no instance waits for one. Belongs to its worker.

#include "plugins/wasm/wasm_filter.h"

namespace sallyport::wasm {

class FairFilter final : public WasmFilter {
 public:
  using WasmFilter::WasmFilter;
  ~FairFilter() override { abandon_callback(); }

  Task rewrite(chain::Exchange& exchange) override {
    return when_free([&] { return WasmFilter::rewrite(exchange); });
  }
  Task access(chain::Exchange& exchange) override {
    return when_free([&] { return WasmFilter::access(exchange); });
  }
  Task request_body(chain::Exchange& exchange, chain::BodyStage& stage) override {
    return when_free([&] { return WasmFilter::request_body(exchange, stage); });
  }
  Task request_trailers(chain::Exchange& exchange) override {
    return when_free([&] { return WasmFilter::request_trailers(exchange); });
  }
  Task response_headers(chain::Exchange& exchange) override {
    return when_free([&] { return WasmFilter::response_headers(exchange); });
  }
  Task response_body(chain::Exchange& exchange, chain::BodyStage& stage) override {
    return when_free([&] { return WasmFilter::response_body(exchange, stage); });
  }
  Task response_trailers(chain::Exchange& exchange) override {
    return when_free([&] { return WasmFilter::response_trailers(exchange); });
  }
  void log(const chain::Exchange& exchange) noexcept override {
    abandon_callback();
    WasmFilter::log(exchange);
  }

 private:
  bool is_free() { return vm() ? !vm()->is_suspended() : !takes_part() || sandboxes()->is_free(); }
  template <class Step>
  Task when_free(Step step) {
    return is_free() ? step() : later(std::move(step));
  }
  template <class Step>
  Task later(Step step) {
    while (!is_free()) {
      if (vm()) {
        co_await turns().next();
      } else {
        if (!co_await sandboxes()->wait_for_one(exchange())) co_return fail_with(sandboxes()->failure());
        if (!vm()) break;
      }
    }
    co_return co_await step();
  }
};

}  // namespace sallyport::wasm
