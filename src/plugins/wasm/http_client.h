#pragma once
// How plugins reach other services: the gateway's own HTTP client as this room knows it, one a worker. `app` fills it.

#include "base/clock.h"
#include "base/result.h"
#include "http/call.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

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
  Milliseconds timeout{0};            // of the whole call
  std::size_t most_answer_bytes = 0;  // of the answer's body
  bool waits_for_target = false;      // there may soon be one of that name
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

  virtual ~HttpClient() = default;
  // Whether calls can go there now. Error: says why not, and what to do.
  virtual Result<void> reach(const HttpTarget& target) = 0;
  // Calls `done` from the loop, never before it has returned; the Call may be dropped from there.
  virtual std::unique_ptr<Call> start(HttpCallOrder order, Done done) = 0;
};

// Gives the client of a worker on the worker's thread; null where there is none.
using FindHttpClient = std::function<HttpClient*()>;

}  // namespace sallyport::wasm
