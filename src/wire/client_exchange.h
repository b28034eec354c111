#pragma once
// One exchange with an upstream, whatever version of HTTP carries it: a connection of HTTP/1, or a stream of HTTP/2.
// Whoever leases one uses it for one request and its response. Belongs to the worker of its connection.

#include "async/stream.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/body_writer.h"
#include "wire/h1.h"

namespace sallyport::wire {

struct ClientTimeouts {
  Milliseconds connect{60'000};
  Milliseconds send{60'000};
  Milliseconds read{60'000};  // 0: for as long as the peer lives; in HTTP/2 alone
};

class ClientExchange {
 public:
  virtual ~ClientExchange() = default;

  // Queues the request head, which leaves with the first piece of the body, or with a flush.
  // Error: kInvalid when the line cannot be written (a plugin's method or host).
  virtual Status begin_request(const RequestLine& line, const http::Headers& headers, http::BodyLength body,
                               const ClientTimeouts& timeouts) = 0;
  // Error: kClosed, kTimeout, side upstream; kProtocol when a sized body is longer or shorter than it was announced.
  virtual async::Task<Status> write(http::Chunk piece, BodyWriter::Flush flush) = 0;
  virtual async::Task<Status> flush() = 0;

  // From now on a read waits for so long, instead of the time that the request began with.
  virtual void limit_reads(Milliseconds timeout) noexcept = 0;
  // Waits for the next response head, an interim one included; the arena is that of `head`. May be called again after
  // kTimeout. Error, side upstream: kClosed, kTimeout, kProtocol; kRefused when the peer did not take up the request.
  virtual async::Task<Status> read_head(http::ResponseHead& head) = 0;
  // The next piece of the body; its bytes stay valid until the next call. After the last piece, empty last pieces.
  // Error: kClosed, kTimeout or kProtocol, side upstream; then the body never ends.
  virtual async::Task<Result<http::Chunk>> read_body() = 0;
  // The next piece if it has arrived already; nothing when it must be waited for.
  virtual bool read_arrived(Result<http::Chunk>& piece) = 0;
  // Of a body that has ended.
  virtual bool has_trailers() const noexcept = 0;
  virtual void trailers(http::Headers& into) const = 0;

  // Whether any byte of the present response has arrived.
  virtual bool response_begun() const noexcept = 0;
  // Whether the peer may have seen any byte of the present request.
  virtual bool request_begun() const noexcept = 0;
  // The upstream as a stream of bytes, behind a response 101 that was read; the connection carries no further request.
  // Null where the protocol of the upstream knows no such response.
  virtual async::Stream* switch_protocols() noexcept { return nullptr; }
  // What carries it, perhaps others, too; null where that has ended.
  virtual const async::Stream* carrier() const noexcept = 0;
  // Breaks the exchange off: what waits for the peer fails from the loop, never inside this call.
  virtual void abort() noexcept = 0;
};

}  // namespace sallyport::wire
