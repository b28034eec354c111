#pragma once
// One client: sends its next request as soon as the last response has arrived, on one connection for as long as it
// lives.

#include "response_reader.h"
#include "sockets.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// What all clients share and tell. Lives longer than they do.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // Whether one more request shall be sent; called before each.
  virtual bool take_turn() = 0;
  virtual void done(std::uint64_t latency_ns) = 0;
  // A request that got no response, or not the expected one. The client connects anew and goes on.
  virtual void failed(const std::string& reason) = 0;
};

class Client final : public Endpoint {
 public:
  Client(int port, std::string_view request, ResponseReader reader, Poller& poller, ClientEvents& events)
      : port_(port), request_(request), reader_(reader), poller_(poller), events_(events) {}

  void start();
  void ready() override;

 private:
  void connect();
  void send_next();
  void fail(const std::string& reason);

  int port_;
  std::string_view request_;
  ResponseReader reader_;
  Poller& poller_;
  ClientEvents& events_;
  Socket socket_;
  Outgoing outgoing_;
  bool waits_ = false;  // for a response
  std::uint64_t sent_at_ = 0;
};

}  // namespace bench
