#pragma once
// The journey of one request, start to log line. A Proxy belongs to one worker, as does everything it is given.

#include "async/reactor.h"
#include "async/task.h"
#include "async/task_group.h"
#include "chain/verdict.h"
#include "proxy/journey.h"
#include "proxy/surroundings.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::h2 {
class ServerConnection;
class ServerStream;
}  // namespace sallyport::h2

namespace sallyport::tls {
class TlsStream;
}

namespace sallyport::proxy {

using async::Task;

// Whether a listener speaks HTTP/2, too.
enum class Http2 : std::uint8_t { kOff, kOn };
// What its connections begin with: a header of the PROXY protocol says whose they are.
enum class Prelude : std::uint8_t { kNone, kProxyHeader };

// What the house asks of its proxies when memory, descriptors or time run short; each with what stands before it.
enum class Load : std::uint8_t {
  kNormal,
  kCloseIdle,      // connections that wait for a request end, others with their response
  kShed,           // requests get 503
  kStopAccepting,  // new connections wait in the kernel's queue, which is the listeners' part
};

class Proxy final : private exchange::Waiter {
 public:
  explicit Proxy(const Surroundings& around);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  // False: a client that connects has to go, before it has cost anything; which is counted and logged here. Else it has
  // its place with `worker`, this or another.
  bool admit(ClientConnections::Place& place, std::size_t worker, int socket);
  // Serves the connection until it ends; so long it keeps its place.
  void accept(async::Accepted connection, Http2 http2 = Http2::kOff, Prelude prelude = Prelude::kNone,
              ClientConnections::Place place = {});
  // As that, after a handshake of TLS; the Surroundings have what it takes.
  void accept_tls(async::Accepted connection, Http2 http2 = Http2::kOff, Prelude prelude = Prelude::kNone,
                  ClientConnections::Place place = {});
  // At the end of every turn of the loop, before it waits again: sends what the turn brought.
  void end_turn();

  // Every connection ends after its next response, or when it has been waiting for a request for a second, by now or
  // later. `connections` tells when all have gone.
  void drain();
  std::size_t connections() const noexcept { return sessions_.size(); }
  void set_load(Load load);
  bool sheds() const noexcept { return load_ >= Load::kShed; }
  // Drops what is left.
  void stop() { sessions_.cancel_all(); }

 private:
  Task<void> serve(Journey& journey);

  // The steps of `serve`.
  bool begin(Journey& journey);
  std::string_view take_target(exchange::Exchange& exchange, std::string_view written) const;
  bool settle_underscores(exchange::Exchange& exchange) const;
  void route(Journey& journey);
  Task<chain::Verdict> request_phases(Journey& journey);
  Task<chain::Verdict> request_phases_later(Journey& journey, chain::Phase phase, Task<chain::Verdict> running);
  chain::Verdict before_forward(Journey& journey);
  [[gnu::cold]] chain::Verdict route_again(Journey& journey);
  static chain::Verdict refuse_tunnel(Journey& journey, std::string_view reason);
  Task<void> answer(Journey& journey, chain::Verdict verdict);
  Task<void> finish(Journey& journey);
  Task<void> finish_later(Journey& journey);
  void give_back(Journey& journey);

  // Around `serve` (proxy/session.cpp): the life of one connection.
  class Leaving;
  struct Session;
  struct H1Client;
  bool admit_address(const async::Accepted& connection, ClientConnections::Place& place);
  Task<void> serve_connection(async::Accepted connection, Http2 http2, ClientConnections::Place place);
  Task<bool> begins_with_preface(H1Client& client);
  Task<bool> wait_for_preface(H1Client& client);
  Task<void> serve_h1(H1Client& client);
  Task<bool> serve_next(H1Client& client);
  Task<void> part(H1Client& client);
  Task<void> answer_thrown(Journey& journey);
  Task<void> refuse(Journey& journey, int status, std::string_view reason);
  void begin_closing();
  void close_idle();
  Task<bool> wind_up(H1Client& client, const Journey& journey);
  void introduce(Session& session, Journey& journey);

  // As that, for HTTP/2 (proxy/h2_client.cpp).
  class H2Client;
  Task<void> serve_h2(Session& session, async::StreamPtr stream);
  Task<void> serve_stream(Session& session, h2::ServerStream& stream);
  Task<bool> run_stream(Journey& journey, Task<void> work);

  // Before that, where a balancer says whose it is (proxy/announced_session.cpp).
  using Serve = Task<void> (Proxy::*)(async::Accepted, Http2, ClientConnections::Place);
  Task<void> serve_announced(async::Accepted connection, Http2 http2, Serve serve, ClientConnections::Place place);
  Task<std::string_view> take_proxy_header(async::Accepted& connection);

  // Where it begins with a handshake (proxy/tls_session.cpp).
  class Greeting;
  Task<void> serve_tls(async::Accepted connection, Http2 http2, ClientConnections::Place place);
  Task<void> serve_mistaken(async::Accepted connection);
  void end_greetings();
  std::string words_for_failure(const tls::TlsStream& stream, const tls::ServerHandshake& handshake);
  chain::Verdict admit(Journey& journey) const;

  Task<void> sleep(Milliseconds duration) override;

  Surroundings around_;
  std::uint64_t accepted_ = 0;
  bool draining_ = false;
  bool closing_ = false;  // draining, or under load
  Load load_ = Load::kNormal;
  std::unique_ptr<async::Timer> idle_poll_;
  std::vector<h2::ServerConnection*> with_output_;  // null: it has ended
  Session* first_session_ = nullptr;
  SteadyTime drain_began_;
  Greeting* first_greeting_ = nullptr;
  SteadyTime naming_began_;  // of the second in which names were told ...
  unsigned names_told_ = 0;  // ... so many
  async::TaskGroup sessions_;
};

}  // namespace sallyport::proxy
