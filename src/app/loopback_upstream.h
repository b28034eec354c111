#pragma once
// A server on a free port of 127.0.0.1 that gives every request the same answer and remembers what it was asked.
// Belongs to the thread of its loop.

#include "app/whole_message.h"
#include "async/reactor.h"
#include "async/task_group.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/server_connection.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::app {

class LoopbackUpstream final {
 public:
  // `reactor` outlives it. Error: kUnavailable, without a port.
  static Result<std::unique_ptr<LoopbackUpstream>> open(async::Reactor& reactor, http::Response answer);
  LoopbackUpstream(const LoopbackUpstream&) = delete;
  LoopbackUpstream& operator=(const LoopbackUpstream&) = delete;

  std::string address() const { return listener_->local_address().to_string(); }
  const std::vector<WholeMessage>& requests() const noexcept { return requests_; }
  void forget_requests() { requests_.clear(); }

 private:
  LoopbackUpstream(async::Reactor& reactor, http::Response answer) : reactor_(reactor), answer_(std::move(answer)) {}
  async::Task<void> serve(async::StreamPtr stream);
  async::Task<bool> serve_next(wire::ServerConnection& connection);
  void begin_answer(wire::ServerConnection& connection, Arena& arena, std::string_view method) const;

  async::Reactor& reactor_;
  http::Response answer_;
  wire::ServerLimits limits_;
  std::vector<WholeMessage> requests_;
  std::unique_ptr<async::Listener> listener_;
  async::TaskGroup connections_;
};

}  // namespace sallyport::app
