#pragma once
// The HTTP and gRPC calls of one Vm that are under way. A call belongs to the root context that asked for it, and ends
// with it or with the Vm. What a root asks for before it lives on its worker waits until it does. Belongs to the thread
// of its Vm.

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
  // A gRPC stream, on which the body of the request is what is sent first. `timeout` 0: none.
  Result<std::uint32_t> open(RootContext& root, HttpTarget target, http::CallRequest request, Milliseconds timeout);
  // Sends bytes on a stream; nothing follows the last. Error: kNotFound, kInvalid when it is no stream or was ended by
  // the plugin. Where too much has not left yet, the stream ends: SDKs take any error for one of the plugin.
  Result<void> send(std::uint32_t number, std::string_view bytes, bool is_last);
  // What was told of a stream has been dealt with.
  void go_on(std::uint32_t number);
  // Ends a gRPC call or stream; nothing is told. False: there is none of that number.
  bool cancel_grpc(std::uint32_t number);
  // Of a stream, ends what the plugin sends; a call as above.
  bool close_grpc(std::uint32_t number);
  // The root lives on its worker now.
  void release(RootContext& root);
  void drop(const RootContext& root);
  void drop_all() noexcept;
  // The number that was given last, and from which to go on: what was given since must not be told by the next one.
  std::uint32_t last_number() const noexcept { return last_number_; }
  void number_after(std::uint32_t last) noexcept { last_number_ = last; }
  std::size_t size() const noexcept { return calls_.size(); }
  // Calls that will be answered; streams may have no end.
  std::size_t awaited() const noexcept { return awaited_; }

  // A line in the plugin's log, as a warning; one a second, with the number of those left out.
  void tell(std::string_view line);
  void count_refusal() noexcept { counts_.count(CallOutcome::kRefused); }

 private:
  // As the lower two bits of numbers tell them apart.
  enum class Kind : std::uint8_t { kHttp = 0, kGrpc = 1, kGrpcStream = 2 };
  struct Call {
    RootContext* root = nullptr;
    std::string target;
    Kind kind = Kind::kHttp;
    std::size_t request_bytes = 0;             // that have not left, as far as was counted
    bool has_sent_all = true;                  // the plugin
    HttpCallOrder waiting;                     // until the root lives
    std::unique_ptr<HttpClient::Call> flight;  // from then on
    HttpClient::Stream* stream = nullptr;      // the flight of a stream
  };
  using Calls = std::map<std::uint32_t, Call>;

  Result<std::uint32_t> begin(RootContext& root, Kind kind, HttpCallOrder order);
  Result<void> has_room(std::size_t bytes);
  void count_unsent();
  std::uint32_t new_number(Kind kind);
  Calls::iterator add(RootContext& root, Kind kind, HttpCallOrder order, std::size_t bytes);
  void start(std::uint32_t number, Call& call, HttpClient& client);
  void ended(std::uint32_t number, http::CallResult result);
  void told(std::uint32_t number, AnsweredCall part);
  Calls::iterator find_grpc(std::uint32_t number);
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
  std::size_t awaited_ = 0;
  std::size_t request_bytes_ = 0;
  std::uint32_t last_number_ = 0;
  SteadyTime told_{};
  std::uint64_t left_out_ = 0;
};

}  // namespace sallyport::wasm
