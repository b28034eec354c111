#pragma once
// The body of a message that arrives, whatever the protocol brings it by. Belongs to its exchange.

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

#include <cstdint>

namespace sallyport::wire {

class IncomingBody {
 public:
  // The next piece; its bytes stay valid until the next call. After the last piece, empty last pieces.
  // Error: kClosed, kTimeout or kProtocol, on the peer's side; then the body never ends.
  virtual async::Task<Result<http::Chunk>> read(Milliseconds timeout) = 0;

  // The next piece if it has arrived already; nothing when it must be waited for.
  virtual bool read_arrived(Result<http::Chunk>& piece) = 0;

  // How many bytes of the body have arrived and were not read, without reading them.
  // Error: kProtocol, on the peer's side, when what has arrived is broken; reading comes to that, too. Also kClosed,
  // once it has.
  virtual Result<std::uint64_t> look_ahead() const = 0;

  virtual bool ended() const noexcept = 0;

  // Of a body that has ended.
  virtual bool has_trailers() const noexcept = 0;
  virtual void trailers(http::Headers& into) const = 0;

 protected:
  ~IncomingBody() = default;
};

}  // namespace sallyport::wire
