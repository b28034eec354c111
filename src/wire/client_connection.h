#pragma once
// The upstream's side of HTTP/1.1: request heads and bodies out, response heads and bodies in, one exchange at a time.
// Belongs to the worker of its stream.

#include "async/stream.h"
#include "async/task.h"
#include "http/message.h"
#include "wire/body_reader.h"
#include "wire/body_writer.h"
#include "wire/h1.h"

namespace sallyport::wire {

struct ClientTimeouts {
  Milliseconds connect{60'000};
  Milliseconds send{60'000};
  Milliseconds read{60'000};
};

class ClientConnection {
 public:
  explicit ClientConnection(async::StreamPtr stream);

  // Starts an exchange: queues the request head, which leaves with the first piece of the body, or with a flush.
  // Error: kInvalid when the line cannot be written (a plugin's method or host).
  Status begin_request(const RequestLine& line, const http::Headers& headers, http::BodyLength body,
                       const ClientTimeouts& timeouts);
  async::Task<Status> write(http::Chunk piece, BodyWriter::Flush flush) {
    return writer_.write(piece, flush, timeouts_.send);
  }

  async::Task<Status> flush() { return writer_.flush(timeouts_.send); }

  // Waits for the next response head, an interim one included; the arena is that of `head`. May be called again after
  // kTimeout. Error, side upstream: kClosed, kTimeout, kProtocol.
  async::Task<Status> read_head(http::ResponseHead& head);
  BodyReader& body() noexcept { return reader_; }
  async::Task<Result<http::Chunk>> read_body() { return reader_.read(timeouts_.read); }

  // Whether any byte of the present response has arrived.
  bool response_begun() const noexcept { return response_begun_ || !stream_->unread().empty(); }
  // Whether any byte of the present request has been given to the kernel.
  bool request_begun() const noexcept { return stream_->sent_bytes() != sent_before_; }
  // Whether another exchange may follow: both messages have ended and the peer keeps the connection.
  bool is_reusable() noexcept;

  unsigned exchanges() const noexcept { return exchanges_; }  // begun on this connection
  async::Stream& stream() noexcept { return *stream_; }

 private:
  // True: `result` is set. False: more bytes are needed.
  bool parse(http::ResponseHead& head, Status& result);
  async::Task<Status> wait_for_head(http::ResponseHead& head);

  async::StreamPtr stream_;
  BodyReader reader_;
  BodyWriter writer_;
  HeadLimits limits_;
  ClientTimeouts timeouts_;
  std::string_view method_;  // of the present request; lies in its exchange
  std::uint64_t sent_before_ = 0;
  unsigned exchanges_ = 0;
  unsigned interims_ = 0;  // 1xx heads of the present exchange
  bool response_begun_ = false;
  bool keep_alive_ = true;
};

}  // namespace sallyport::wire
