#pragma once
// Takes the body of one message from a stream, whatever its framing, piece by piece.
// A BodyReader belongs to its connection, which outlives every read.

#include "async/stream.h"
#include "async/task.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/h1.h"
#include "wire/incoming_body.h"

namespace sallyport::wire {

class BodyReader final : public IncomingBody {
 public:
  BodyReader(async::Stream& stream, Side peer) : stream_(stream), peer_(peer) {}

  // For the next message, whose head has been consumed.
  void begin(http::BodyLength length);

  async::Task<Result<http::Chunk>> read(Milliseconds timeout) override;
  bool read_arrived(Result<http::Chunk>& piece) override;
  Result<std::uint64_t> look_ahead() const override;
  bool ended() const noexcept override { return ended_; }
  // Gives back the bytes of the last piece; afterwards the stream is at the end of what was read.
  void finish_piece();

  bool has_trailers() const noexcept override {
    return length_.kind == http::BodyLength::Kind::kChunked && chunked_.has_trailers();
  }
  void trailers(http::Headers& into) const override { chunked_.trailers(into); }

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
