#pragma once
// The HTTP calls of one Vm that are under way. A call belongs to the root context that asked for it, and ends with it
// or with the Vm. What a root asks for before it lives on its worker waits until it does. Belongs to the thread of its
// Vm.

#include "base/clock.h"
#include "http/call.h"
#include "plugins/wasm/call_counts.h"
#include "plugins/wasm/context.h"
#include "plugins/wasm/http_client.h"
#include "plugins/wasm/plugin_log.h"
#include "plugins/wasm/wasm_settings.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::wasm {

class HttpCalls final {
 public:
  static constexpr Milliseconds kLongest{600'000};  // of a call; also that of one without a timeout

  // Called with each answer, on the thread of the Vm, never inside the guest.
  using Answered = std::move_only_function<void(RootContext& root, std::uint32_t call, AnsweredCall answer)>;

  // The references outlive it. `most_request_bytes`: of all requests that are under way.
  HttpCalls(const HttpCallLimits& limits, std::size_t most_request_bytes, CallCounts& counts, PluginLog& log,
            const Clock& clock);
  HttpCalls(const HttpCalls&) = delete;
  HttpCalls& operator=(const HttpCalls&) = delete;
  ~HttpCalls() { drop_all(); }

  // Before any call goes out; on any thread.
  void open(FindHttpClient find_client, Answered answered);

  // The number of the call. Error: kNotFound when the target is unknown or not allowed, kLimit or kUnavailable when
  // it cannot be made now.
  // Where the target speaks gRPC, the answer is told as that of a gRPC call; the body is one message in its frame.
  Result<std::uint32_t> begin(RootContext& root, HttpTarget target, http::CallRequest request, Milliseconds timeout);
  // Ends a gRPC call; nothing is told. False: there is none of that number.
  bool cancel_grpc(std::uint32_t number);
  bool has_grpc(std::uint32_t number) const;
  // The root lives on its worker now.
  void release(RootContext& root);
  void drop(const RootContext& root);
  void drop_all() noexcept;
  std::size_t size() const noexcept { return calls_.size(); }

  // A line in the plugin's log, as a warning; one a second, with the number of those left out.
  void tell(std::string_view line);
  void count_refusal() noexcept { counts_.count(CallOutcome::kRefused); }

 private:
  struct Call {
    RootContext* root = nullptr;
    std::string target;
    bool is_grpc = false;
    std::size_t request_bytes = 0;
    HttpCallOrder waiting;                     // until the root lives
    std::unique_ptr<HttpClient::Call> flight;  // from then on
  };
  using Calls = std::map<std::uint32_t, Call>;

  Result<void> has_room(std::size_t bytes) const;
  std::uint32_t new_number(bool is_grpc);
  Calls::iterator add(RootContext& root, HttpCallOrder order, std::size_t bytes);
  void start(std::uint32_t number, Call& call, HttpClient& client);
  void ended(std::uint32_t number, http::CallResult result);
  Calls::iterator cancel(Calls::iterator call);
  void remove(Calls::iterator call);

  const HttpCallLimits& limits_;
  std::size_t most_request_bytes_;
  CallCounts& counts_;
  PluginLog& log_;
  const Clock& clock_;
  FindHttpClient find_client_;
  Answered answered_;
  Calls calls_;
  std::size_t request_bytes_ = 0;
  std::uint32_t last_number_ = 0;
  SteadyTime told_{};
  std::uint64_t left_out_ = 0;
};

}  // namespace sallyport::wasm
