#pragma once
// A Wasm plugin at work on one exchange: turns the phases of the chain into callbacks, what the guest decides into
// verdicts, and what goes wrong into what its `fail` says. Belongs to its worker; lives in the arena of the exchange.

#include "chain/plugin.h"
#include "plugins/wasm/context.h"
#include "plugins/wasm/sandbox_pool.h"
#include "plugins/wasm/wasm_settings.h"
#include "plugins/wasm/worker_vm.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::wasm {

// Where a filter finds its VM: in that of its worker, or in a copy for its exchange.
struct VmSource {
  WorkerRoot& root;
  SandboxPool* sandboxes;  // null: the worker's
  const std::shared_ptr<const VmImage>& image;
};

class WasmFilter : public chain::Filter {
 public:
  // What `source` refers to and `policy` belong to the plugin, which outlives the exchange.
  WasmFilter(const VmSource& source, const PluginPolicy& policy, chain::Exchange& exchange)
      : source_(source), policy_(policy), context_(exchange), root_(&source_.root) {}
  ~WasmFilter() override { finish(); }

  chain::Task<chain::Verdict> rewrite(chain::Exchange&) override { return request_headers(); }
  chain::Task<chain::Verdict> access(chain::Exchange&) override { return request_headers(); }
  chain::Task<chain::Verdict> request_body(chain::Exchange&, chain::BodyStage& stage) override;
  chain::Task<chain::Verdict> request_trailers(chain::Exchange&) override { return trailers(kRequest); }
  chain::Task<chain::Verdict> response_headers(chain::Exchange&) override;
  chain::Task<chain::Verdict> response_body(chain::Exchange&, chain::BodyStage& stage) override;
  chain::Task<chain::Verdict> response_trailers(chain::Exchange&) override { return trailers(kResponse); }
  void log(const chain::Exchange&) noexcept override;

 protected:
  using Verdict = chain::Verdict;
  using Task = chain::Task<Verdict>;

  // Null before it is needed.
  Vm* vm() noexcept { return vm_; }
  bool takes_part() const noexcept { return !skipped_ && !context_.lost; }
  SandboxPool* sandboxes() noexcept { return source_.sandboxes; }
  exchange::Exchange& exchange() noexcept { return context_.exchange; }
  SliceTurns& turns() { return *root_->worker_vm().ports().turns; }
  // A callback that is suspended stays as it is: the guest is lost.
  void abandon_callback() noexcept;
  Verdict fail_with(const Error& error);
  bool only_logs();
  // Tells the guest of the end. Where that is cut into slices, to be called again behind them, until there is no `vm`.
  void finish();

 private:
  // What differs between request and response.
  struct Direction {
    Callback body;
    Callback trailers;
    StreamControl HttpContext::* control;
    BodyBuffer HttpContext::* buffer;
    bool HttpContext::* whole_body;
    http::Headers* exchange::Exchange::* trailer_fields;
  };
  static constexpr Direction kRequest{
      Callback::kRequestBody,     Callback::kRequestTrailers,       &HttpContext::request,
      &HttpContext::request_body, &HttpContext::whole_request_body, &exchange::Exchange::request_trailers};
  static constexpr Direction kResponse{
      Callback::kResponseBody,     Callback::kResponseTrailers,       &HttpContext::response,
      &HttpContext::response_body, &HttpContext::whole_response_body, &exchange::Exchange::response_trailers};

  // Whether a callback of headers that returned `action` is followed by those of the body while the head stays here.
  bool shows_body(const Direction& direction, std::uint32_t action) const;

  Task request_headers();
  Task after_request_headers(std::uint32_t action);
  Task request_headers_later();
  Task hold_request();
  Task whole_request_body();
  Task response_headers_later();
  Task after_response_headers(std::uint32_t action);
  Task call_body(const Direction& direction, chain::BodyStage& stage);
  Task call_body_later(const Direction& direction, chain::BodyStage& stage);
  Task after_body(const Direction& direction, chain::BodyStage& stage, std::uint32_t action);
  std::optional<Verdict> take_up(const Direction& direction, chain::BodyStage& stage);
  Task keep_body(const Direction& direction, chain::BodyStage& stage, std::uint32_t action);
  Task hold_body(const Direction& direction, chain::BodyStage& stage);
  Verdict pass_body(const Direction& direction, chain::BodyStage& stage);
  Verdict give_new_request_body(chain::BodyStage& stage);
  Task trailers(const Direction& direction);
  Task trailers_later(const Direction& direction);
  Task call_trailers(const Direction& direction);
  Task after_trailers(const Direction& direction, std::uint32_t action);
  bool expects_trailers(const Direction& direction) const;

  // Waits until the guest lets that direction go on: then the verdict proceeds.
  Task wait(const Direction& direction);
  chain::Task<void> watch_pause(StreamControl& control);

  bool takes_sandbox() const noexcept { return source_.sandboxes != nullptr; }
  bool take_sandbox();
  // Whether there is a Vm to enter, and whether the guest knows this exchange; kFailed: `refusal` says what follows.
  WorkerVm::State find_vm();
  WorkerVm::State enter();
  WorkerVm::State enter(const Direction& direction);
  chain::Task<bool> ready();
  Verdict refusal();
  // What follows a callback that has not returned: it trapped, or its time slice is over; in the end, `after` gets what
  // it returned.
  template <class After>
  Task without_action(After after);
  template <class After>
  Task in_slices(After after);
  chain::Task<std::optional<std::uint32_t>> rest_of_callback();
  std::optional<std::uint32_t> call(Callback callback, std::uint32_t b, std::uint32_t c);
  Verdict decision();
  void close_buffers();

  VmSource source_;
  const PluginPolicy& policy_;
  std::unique_ptr<Sandbox> sandbox_;
  HttpContext context_;
  WorkerRoot* root_;      // of the sandbox, once there is one
  Vm* vm_ = nullptr;      // in which the context lives
  bool skipped_ = false;  // the plugin failed: it takes no part any more
  bool has_seen_whole_request_body_ = false;
  std::optional<std::string> new_request_body_;
};

}  // namespace sallyport::wasm
