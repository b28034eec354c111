#pragma once
// One client of HTTP/2: keeps so many requests under way on one connection; each stream's end begins the next request.

#include "client_events.h"
#include "response_reader.h"
#include "transport.h"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bench {

// The head of every request, shared by all clients.
class H2Request final {
 public:
  // `fields` are lines of a head of HTTP/1.1, without Host.
  H2Request(std::string_view scheme, std::string_view path, const std::vector<std::string>& fields,
            std::string_view body);
  const std::vector<nghttp2_nv>& pairs() const { return pairs_; }
  std::string_view body() const { return body_; }

 private:
  void add(std::string_view name, std::string_view value);

  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<nghttp2_nv> pairs_;
  std::string_view body_;
};

class H2Client final : public Client {
 public:
  H2Client(int port, const TlsClients* tls, int streams, const H2Request& request, const Expectation& expected,
           KnownHead& known, Poller& poller, ClientEvents& events)
      : transport_(port, tls),
        streams_(streams),
        request_(request),
        expected_(expected),
        known_(known),
        poller_(poller),
        events_(events) {}

  void start() override;
  void ready() override;

 private:
  struct Exchange {
    std::uint64_t sent_at = 0;
    std::string head;  // as lines, in lower case
    std::string body;
    std::size_t body_sent = 0;
  };
  struct Callbacks;

  void submit();
  void flush();
  void take_what_came();
  void end(std::int32_t stream, std::uint32_t error);
  std::string fault_of(const Exchange& exchange, std::uint32_t error);
  void fail(const std::string& reason);

  Transport transport_;
  int streams_;
  const H2Request& request_;
  const Expectation& expected_;
  KnownHead& known_;
  Poller& poller_;
  ClientEvents& events_;
  std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)> session_{nullptr, &nghttp2_session_del};
  std::unordered_map<std::int32_t, Exchange> under_way_;
  std::string outgoing_;
  std::string broken_;  // the reason, when the connection is to be made anew
};

}  // namespace bench
