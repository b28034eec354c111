#pragma once
// How plugins reach other services: the gateway's own HTTP client as this room knows it, one a worker. `app` fills it.

#include "base/clock.h"
#include "base/result.h"
#include "http/call.h"
#include "plugins/wasm/answered_call.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::wasm {

// Where a call goes: the upstream of that id or name, or else, where `may_be_host`, that "host:port".
struct HttpTarget {
  std::string name;
  bool may_be_host = false;
  bool speaks_grpc = false;  // it must be an upstream that is spoken to in HTTP/2; hosts are
};

struct HttpCallOrder {
  HttpTarget target;
  http::CallRequest request;
  Milliseconds timeout{0};            // of the whole call; of a stream 0: none
  std::size_t most_answer_bytes = 0;  // of the answer's body; of a stream each message
  bool waits_for_target = false;      // there may soon be one of that name
  bool ends_with_body = true;         // a stream may go on behind it
};

// Belongs to one worker.
class HttpClient {
 public:
  // A call under way. Dropping it ends it, and nothing is told.
  class Call {
   public:
    virtual ~Call() = default;
  };
  using Done = std::move_only_function<void(http::CallResult)>;

  // A gRPC stream under way. Nothing waits, and nobody is called, inside its functions.
  class Stream : public Call {
   public:
    // Sends bytes behind those of before; nothing follows the last.
    virtual void send(std::string_view bytes, bool is_last) = 0;
    // What has not left yet, in bytes.
    virtual std::size_t unsent() const noexcept = 0;
    // Ends it from this side: that is told behind what has been, and nothing else.
    virtual void give_up(GrpcEnd why) = 0;
    // What was told last has been dealt with: the next may be told.
    virtual void go_on() = 0;
  };
  using Told = std::move_only_function<void(AnsweredCall)>;

  virtual ~HttpClient() = default;
  // Whether calls can go there now. Error: says why not, and what to do.
  virtual Result<void> reach(const HttpTarget& target) = 0;
  // Calls `done` from the loop, never before it has returned; the Call may be dropped from there.
  virtual std::unique_ptr<Call> start(HttpCallOrder order, Done done) = 0;
  // The same for a gRPC stream, which `told` hears of part by part; proxy_on_grpc_close is the last.
  virtual std::unique_ptr<Stream> open(HttpCallOrder order, Told told) = 0;
};

// Gives the client of a worker on the worker's thread; null where there is none.
using FindHttpClient = std::function<HttpClient*()>;

}  // namespace sallyport::wasm
