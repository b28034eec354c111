#pragma once
// Takes the body of one message from a stream, whatever its framing, piece by piece.
// A BodyReader belongs to its connection, which outlives every read.

#include "async/stream.h"
#include "async/task.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/h1.h"

namespace sallyport::wire {

class BodyReader {
 public:
  BodyReader(async::Stream& stream, Side peer) : stream_(stream), peer_(peer) {}

  // For the next message, whose head has been consumed.
  void begin(http::BodyLength length);

  // The next piece; its bytes stay valid until the next call. After the last piece, empty last pieces.
  // Error: kClosed, kTimeout or kProtocol, on the peer's side; then the body never ends.
  async::Task<Result<http::Chunk>> read(Milliseconds timeout);

  // The next piece if it has arrived already; nothing when it must be waited for.
  bool read_arrived(Result<http::Chunk>& piece);

  // How many bytes of the body have arrived and were not read, without reading them.
  // Error: kProtocol, on the peer's side, when what has arrived is broken; reading comes to that, too.
  Result<std::uint64_t> look_ahead() const;

  bool ended() const noexcept { return ended_; }
  // Gives back the bytes of the last piece; afterwards the stream is at the end of what was read.
  void finish_piece();

  // Of a body that has ended.
  bool has_trailers() const noexcept {
    return length_.kind == http::BodyLength::Kind::kChunked && chunked_.has_trailers();
  }
  void trailers(http::Headers& into) const { chunked_.trailers(into); }

 private:
  async::Task<Result<http::Chunk>> wait_and_read(Milliseconds timeout);
  Result<http::Chunk> take_arrived();
  Result<http::Chunk> take_chunked();
  Result<http::Chunk> end_of_stream(async::IoStatus status);
  std::unexpected<Error> broken(ErrorCode code, std::string what);

  async::Stream& stream_;
  Side peer_;
  http::BodyLength length_;
  std::uint64_t left_ = 0;
  ChunkedDecoder chunked_;
  std::size_t lent_ = 0;  // bytes of the last piece, still in the stream's buffer
  bool ended_ = true;
  bool broken_ = false;
};

}  // namespace sallyport::wire
