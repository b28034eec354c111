#pragma once
// A WasmFilter of a plugin with `fair: true`: its callbacks are cut into time slices. While one of them is suspended,
// nothing else enters the guest; what the other direction of the exchange has for it waits, and so does its log line.
// An exchange for which there is no instance waits for one. Belongs to its worker.

#include "base/log.h"
#include "plugins/wasm/wasm_filter.h"

#include <utility>

namespace sallyport::wasm {

class FairFilter final : public WasmFilter {
 public:
  using WasmFilter::WasmFilter;
  ~FairFilter() override {
    abandon_callback();
    finish();
    abandon_callback();
  }

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
    awaits_instance_ = only_logs() && !sandboxes()->is_free();
    if (!awaits_instance_) WasmFilter::log(exchange);
    if (awaits_instance_ || vm()) this->exchange().log_waits = true;
  }
  chain::Task<void> rest_of_log(const chain::Exchange& exchange) override {
    if (std::exchange(awaits_instance_, false)) {
      if (!co_await sandboxes()->wait_for_one(this->exchange())) {
        log::error("{}", sandboxes()->failure().what);
        co_return;
      }
      WasmFilter::log(exchange);
    }
    while (vm()) {
      co_await turns().next();
      vm()->go_on();
      finish();
    }
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

  bool awaits_instance_ = false;  // to tell the guest of an exchange at its end
};

}  // namespace sallyport::wasm
