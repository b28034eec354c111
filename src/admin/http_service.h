#pragma once
// A small HTTP server for the gateway's own endpoints (Admin API, status, metrics): whole requests in, whole responses
// out. Belongs to the control thread.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task.h"
#include "async/task_group.h"
#include "http/message.h"
#include "wire/server_connection.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::admin {

using async::Task;

// One request with its whole body; its texts are valid until it is answered.
struct ServiceRequest {
  const http::RequestHead& head;
  std::string_view path;   // decoded and normalised
  std::string_view query;  // as sent, without '?'
  std::string_view body;
  async::Address peer;
};

class HttpService final {
 public:
  using Handle = std::function<Task<http::Response>(const ServiceRequest&)>;

  struct Limits {
    // Of the body of a request that has none yet; absent: 1.5 MiB.
    std::function<std::size_t(const ServiceRequest&)> body;
    // The answer to a longer one.
    std::function<http::Response(std::size_t limit)> too_large;
  };

  HttpService(async::Reactor& reactor, Handle handle, Limits limits);
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;
  ~HttpService();

  // The socket, bound already, is the service's from now on; the address as it is bound. Error: as Reactor::listen_on.
  Result<async::Address> listen_on(int socket);
  // As Listener::set_accepting.
  void set_accepting(bool accepting);
  // Accepts no more; requests under way are answered, and connections end that wait for a further one.
  void drain();
  // Requests that are not answered yet.
  std::size_t busy() const noexcept { return busy_; }

 private:
  Task<bool> wait_for_further_request(wire::ServerConnection& connection);
  Task<void> serve_connection(async::Accepted accepted);
  Task<bool> serve_next(wire::ServerConnection& connection, const async::Address& peer);
  Task<http::Response> answer(wire::ServerConnection& connection, const http::RequestHead& head, Arena& arena,
                              const async::Address& peer);

  async::Reactor& reactor_;
  Handle handle_;
  Limits limits_;
  wire::ServerLimits wire_limits_;
  std::vector<std::unique_ptr<async::Listener>> listeners_;
  std::set<async::Event*> pauses_;  // of connections between two requests: set, they end
  std::size_t busy_ = 0;
  bool draining_ = false;
  async::TaskGroup connections_;
};

}  // namespace sallyport::admin
