#pragma once
// Writes the head and the body of one message to a stream: small pieces are gathered with the head, large ones go
// straight from the caller's bytes. A BodyWriter belongs to its connection, which outlives every write.

#include "async/stream.h"
#include "async/task.h"
#include "base/result.h"
#include "http/message.h"

#include <cstdint>
#include <string>

namespace sallyport::wire {

class BodyWriter {
 public:
  BodyWriter(async::Stream& stream, Side peer) : stream_(stream), peer_(peer) {}

  // Starts a message: append its head to `buffer()`, then call begin.
  std::string& buffer() noexcept { return gathered_; }
  void begin(http::BodyLength length);

  // Whether what is written may wait for more that is about to follow.
  enum class Flush { kNow, kWhenLarge };
  // Writes a piece with its framing. The last piece ends the message and is always flushed.
  // Error: kClosed, kTimeout; kProtocol when a sized body is longer or shorter than it was announced.
  async::Task<Status> write(http::Chunk piece, Flush flush, Milliseconds timeout);
  async::Task<Status> flush(Milliseconds timeout);

  bool ended() const noexcept { return ended_; }
  std::uint64_t sent_bytes() const noexcept { return sent_; }  // handed to the kernel since the connection began

 private:
  static constexpr std::size_t kGather = 16 * 1024;
  async::Task<Status> send(std::string_view tail, Milliseconds timeout);
  async::Task<Status> wait_until_sent(std::size_t bytes);
  Status done(async::IoStatus status, std::size_t bytes);
  Status account(std::size_t bytes, bool is_last);

  async::Stream& stream_;
  Side peer_;
  http::BodyLength length_;
  std::uint64_t left_ = 0;
  std::string gathered_;
  async::IoOperation operation_;
  std::uint64_t sent_ = 0;
  bool ended_ = true;
};

}  // namespace sallyport::wire
