#pragma once
// The journey of one request, start to log line. A Proxy belongs to one worker, as does everything it is given.

#include "async/buffer_pool.h"
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

namespace sallyport::tls {
class TlsStream;
}

namespace sallyport::proxy {

using async::Task;

class Proxy final : private exchange::Waiter {
 public:
  explicit Proxy(const Surroundings& around);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  // Serves the connection until it ends.
  void accept(async::Accepted connection);
  // As that, after a handshake of TLS; the Surroundings have what it takes.
  void accept_tls(async::Accepted connection);

  // Every connection ends after its next response, or when it has been waiting for a request for a second, by now or
  // later. `connections` tells when all have gone.
  void drain();
  std::size_t connections() const noexcept { return sessions_.size(); }
  // Drops what is left.
  void stop() { sessions_.cancel_all(); }

 private:
  Task<void> serve(Journey& journey);

  // The steps of `serve`.
  bool begin(Journey& journey);
  void route(Journey& journey);
  Task<chain::Verdict> request_phases(Journey& journey);
  Task<chain::Verdict> request_phases_later(Journey& journey, chain::Phase phase, Task<chain::Verdict> running);
  chain::Verdict before_forward(Journey& journey);
  Task<void> answer(Journey& journey, chain::Verdict verdict);
  void finish(Journey& journey);

  // Around `serve` (proxy/session.cpp): the life of one connection.
  struct Session;
  Task<void> serve_connection(async::Accepted connection);
  Task<void> serve_session(Session& session);
  Task<bool> serve_next(Session& session);
  Task<void> part(Session& session);
  Task<void> answer_thrown(Journey& journey);
  Task<void> refuse(Journey& journey, int status, std::string_view reason);
  void close_idle();
  Task<bool> wind_up(Session& session, const Journey& journey);
  void introduce(Session& session, Journey& journey);

  // Before that, where it begins with a handshake (proxy/tls_session.cpp).
  class Greeting;
  Task<void> serve_tls(async::Accepted connection);
  Task<void> serve_mistaken(async::Accepted connection);
  void end_greetings();
  std::string words_for_failure(const tls::TlsStream& stream, const tls::ServerHandshake& handshake);
  chain::Verdict admit(Journey& journey) const;

  Task<void> sleep(Milliseconds duration) override;

  Surroundings around_;
  std::uint64_t accepted_ = 0;
  bool draining_ = false;
  std::unique_ptr<async::Timer> idle_poll_;
  Session* first_session_ = nullptr;
  SteadyTime drain_began_;
  Greeting* first_greeting_ = nullptr;
  SteadyTime naming_began_;  // of the second in which names were told ...
  unsigned names_told_ = 0;  // ... so many
  async::BufferPool tls_buffers_;
  async::TaskGroup sessions_;
};

}  // namespace sallyport::proxy
