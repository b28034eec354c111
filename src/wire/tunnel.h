#pragma once
// Bytes both ways between a client and an upstream that have agreed to speak another protocol (RFC 9110 7.8), until
// one of them ends, or neither sends anything for some time. What has come from a side that ends is still brought to
// the other, so nobody else is told of the client's end any more. Belongs to the worker of both streams, which outlive
// it.

#include "async/reactor.h"
#include "async/stream.h"
#include "async/task.h"
#include "async/task_group.h"

#include <cstdint>

namespace sallyport::wire {

class Tunnel {
 public:
  struct Limits {
    Milliseconds idle;  // nothing comes from either side
    Milliseconds send;  // one of them takes nothing
  };
  enum class End : std::uint8_t { kClient, kUpstream, kIdle };  // who ended it

  Tunnel(async::Reactor& reactor, async::Stream& client, async::Stream& upstream, const Limits& limits)
      : reactor_(reactor), client_(client), upstream_(upstream), limits_(limits) {}
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  // Once. Afterwards the stream of the upstream is of no more use.
  async::Task<End> run();
  std::uint64_t bytes_to_client() const noexcept { return bytes_to_client_; }

 private:
  async::Task<void> carry_to_client();
  async::Task<End> carry(async::Stream& from, async::Stream& to, End source, End target);

  async::Reactor& reactor_;
  async::Stream& client_;
  async::Stream& upstream_;
  Limits limits_;
  SteadyTime moved_;  // when bytes came last
  std::uint64_t bytes_to_client_ = 0;
  bool is_over_ = false;
  End end_ = End::kIdle;
  async::TaskGroup to_client_;  // last: its task uses everything above
};

}  // namespace sallyport::wire
