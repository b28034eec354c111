#pragma once
// What guests know by a number: a root context (one conf of a plugin) and a HTTP context (one exchange).
// Both belong to the thread of their Vm.

#include "async/event.h"
#include "base/clock.h"
#include "chain/body_stage.h"
#include "exchange/exchange.h"
#include "http/message.h"
#include "plugins/wasm/answered_call.h"
#include "plugins/wasm/body_buffer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

// A conf as its root context is configured with it.
struct RootConf {
  std::string plugin;                   // name, for messages and the property plugin_name
  std::string root_id;                  // C++ plugins pick their code by it
  std::string configuration;            // bytes for proxy_on_configure
  std::vector<std::string> call_hosts;  // "host:port" to which its HTTP calls may go beside upstreams
};

// Where a root context lives once it is on its worker, told what it asks for.
class RootHome {
 public:
  virtual ~RootHome() = default;
  virtual void tick_period_changed() = 0;
  virtual void listen(std::uint32_t queue) = 0;
};

struct RootContext {
  // kWaits: proxy_on_done has said that there is something to finish, and proxy_done has not followed yet.
  enum class End : std::uint8_t { kNotAsked, kWaits, kDone };

  std::uint32_t id = 0;
  RootConf conf;
  std::vector<std::pair<std::string, std::string>> properties;  // set outside of exchanges
  Milliseconds tick_period{0};                                  // 0: no ticks
  std::vector<std::uint32_t> queues;                            // whose messages it wants to hear of
  RootHome* home = nullptr;                                     // null before, and for roots that are only tried
  bool calls_wait = true;                                       // its HTTP calls go out once it is on its worker
  const AnsweredCall* answered = nullptr;                       // while it is told of it
  End end = End::kNotAsked;
  SteadyTime waits_until{};
};

// One direction of an exchange as the guest steers it. Both may be paused at the same time.
struct StreamControl {
  bool resumed = false;        // continue_stream was called
  bool trailers_open = false;  // may be changed, and made if there are none
  bool has_seen_trailers = false;

  // A pause: the filter waits for `wake`, or has left pieces of the body in their stage until more comes.
  bool waits = false;
  bool pause_is_over = false;  // it has waited for too long
  bool told_of_loss = false;
  chain::BodyStage* held = nullptr;
  async::Event wake;  // set when something changed from outside of its own callbacks
  bool is_paused() const noexcept { return waits || held; }
};

struct HttpContext {
  explicit HttpContext(exchange::Exchange& its_exchange) : exchange(its_exchange) {}
  HttpContext(const HttpContext&) = delete;
  HttpContext& operator=(const HttpContext&) = delete;

  exchange::Exchange& exchange;
  std::uint32_t id = 0;  // 0: the guest does not know it (yet, or any more)
  RootContext* root = nullptr;

  bool request_head_open = false;  // its fields may be changed
  bool has_response = false;       // the response can be read
  bool ended = false;              // only reading is left
  std::uint8_t end_steps = 0;      // of done, log and delete: how many were called
  bool lost = false;               // its Vm has failed
  BodyBuffer request_body;
  BodyBuffer response_body;
  StreamControl request;
  StreamControl response;

  // What the guest decided in a callback, carried out after it returned.
  std::optional<http::Response> answer;
  bool closes = false;
  bool whole_request_body = false;
  bool whole_response_body = false;

  bool wake_is_due = false;

  bool has_decided() const noexcept { return answer || closes; }
  // Whether that direction has something to do now, if it is paused.
  bool is_due(const StreamControl& control) const noexcept {
    return lost || has_decided() || control.resumed || control.pause_is_over;
  }
  // Has it done. The exchange may have ended when this returns.
  void wake(StreamControl& control) {
    if (!is_due(control)) return;
    control.held ? control.held->resume() : control.wake.set();
  }

  bool response_head_open() const { return has_response && !ended && !exchange.response_head_sent; }
};

// What a host call works on: a root context, and the exchange if there is one.
struct Scope {
  RootContext* root = nullptr;
  HttpContext* http = nullptr;
  std::uint32_t id() const noexcept { return http ? http->id : root ? root->id : 0; }
};

}  // namespace sallyport::wasm
