#pragma once
// One client of HTTP/1.1: sends its next request when the last response has arrived and it is its turn, on one
// connection until a response says that it is the last one there.

#include "client_events.h"
#include "response_reader.h"
#include "transport.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class H1Client final : public Client {
 public:
  H1Client(int port, const TlsClients* tls, std::string_view request, ResponseReader reader, Poller& poller,
           ClientEvents& events)
      : transport_(port, tls), request_(request), reader_(reader), poller_(poller), events_(events) {}

  void start() override;
  void ready() override;
  // Sends a request; called when its turn has come.
  void ask();

 private:
  void send_next();
  void reconnect();
  void fail(const std::string& reason);

  Transport transport_;
  std::string_view request_;
  ResponseReader reader_;
  Poller& poller_;
  ClientEvents& events_;
  bool waits_ = false;  // for a response
  std::uint64_t sent_at_ = 0;
};

}  // namespace bench
