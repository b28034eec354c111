#pragma once
// Writes the head and the body of one message to a stream: small pieces are gathered with the head, large ones go
// straight from the caller's bytes. A BodyWriter belongs to its connection, which outlives every write; one write at a
// time.

#include "async/stream.h"
#include "async/task.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/told_length.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::wire {

class BodyWriter {
 public:
  BodyWriter(async::Stream& stream, Side peer) : stream_(stream), peer_(peer) {}

  // Starts a message: append its head to `buffer()`, then call begin.
  std::string& buffer();
  void begin(http::BodyLength length);

  // Whether what is written may wait for more that is about to follow; whoever then waits for it flushes first.
  enum class Flush { kNow, kWhenLarge };
  // Writes a piece with its framing. The last piece ends the message and is always flushed.
  // Error: kClosed, kTimeout; kProtocol when a sized body is longer or shorter than it was announced.
  async::Task<Status> write(http::Chunk piece, Flush flush, Milliseconds timeout);
  async::Task<Status> flush(Milliseconds timeout);

  // Whether all of the message was handed to the kernel; not when a write was dropped, never again after one failed.
  bool ended() const noexcept { return ended_ && !broken_; }

 private:
  static constexpr std::size_t kGather = 16 * 1024;
  struct Tail {  // what follows the gathered bytes without being copied
    std::string_view piece;
    std::string_view framing;
  };
  std::string_view gathered() const noexcept { return gathered_ ? *gathered_ : std::string_view(); }
  void clear() noexcept;
  Tail gather(http::Chunk piece);
  async::Task<Status> send(Tail tail, Milliseconds timeout);
  async::Task<Status> wait_until_sent();
  Status done(async::IoStatus status);
  std::unexpected<Error> broken(bool late) const;

  async::Stream& stream_;
  Side peer_;
  ToldLength length_;
  std::unique_ptr<std::string> gathered_;  // null while there is nothing to send
  async::IoOperation operation_;
  bool has_last_piece_ = false;
  bool ended_ = true;
  bool broken_ = false;
};

}  // namespace sallyport::wire
