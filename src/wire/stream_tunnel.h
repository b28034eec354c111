#pragma once
// Bytes both ways between a client that has a stream of HTTP/2 for them (RFC 8441 5) and an upstream that has agreed to
// speak another protocol. A side that ends its sending may go on to receive: END_STREAM stands for FIN. It ends when
// the upstream does, or when neither sends anything for some time. Belongs to the worker of both, which outlive it;
// dropped before its end, it breaks the upstream's connection (RFC 8441: RST_STREAM stands for RST).

#include "async/reactor.h"
#include "async/stream.h"
#include "async/task.h"
#include "async/task_group.h"
#include "wire/server_exchange.h"
#include "wire/tunnel.h"

#include <cstdint>

namespace sallyport::wire {

class StreamTunnel {
 public:
  // Adds to `bytes_to_client` what has gone there. The times for a client that takes nothing are those of its exchange.
  StreamTunnel(async::Reactor& reactor, ServerExchange& client, async::Stream& upstream, const Tunnel::Limits& limits,
               std::uint64_t& bytes_to_client)
      : reactor_(reactor), client_(client), upstream_(upstream), limits_(limits), bytes_to_client_(bytes_to_client) {}
  StreamTunnel(const StreamTunnel&) = delete;
  StreamTunnel& operator=(const StreamTunnel&) = delete;
  ~StreamTunnel();

  // Once, behind the head of a response. The client's stream has ended then, but for an error: of the upstream when
  // that broke off, of the client when it took nothing.
  async::Task<Result<Tunnel::End>> run();

 private:
  async::Task<Result<Tunnel::End>> carry_to_client();
  async::Task<void> carry_to_upstream();

  async::Reactor& reactor_;
  ServerExchange& client_;
  async::Stream& upstream_;
  Tunnel::Limits limits_;
  std::uint64_t& bytes_to_client_;
  SteadyTime moved_;  // when bytes came last
  bool is_over_ = false;
  async::TaskGroup to_upstream_;  // last: its task uses everything above
};

}  // namespace sallyport::wire
