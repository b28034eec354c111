#pragma once
// The upstream's side of HTTP/1.1: request heads and bodies out, response heads and bodies in, one exchange at a time.
// Belongs to the worker of its stream.

#include "async/stream.h"
#include "async/task.h"
#include "http/message.h"
#include "wire/body_reader.h"
#include "wire/body_writer.h"
#include "wire/client_exchange.h"
#include "wire/h1.h"

namespace sallyport::wire {

class ClientConnection final : public ClientExchange {
 public:
  explicit ClientConnection(async::StreamPtr stream);

  // Starts a further exchange; the earlier one has ended.
  Status begin_request(const RequestLine& line, const http::Headers& headers, http::BodyLength body,
                       const ClientTimeouts& timeouts) override;
  async::Task<Status> write(http::Chunk piece, BodyWriter::Flush flush) override {
    return writer_.write(piece, flush, timeouts_.send);
  }
  async::Task<Status> flush() override { return writer_.flush(timeouts_.send); }

  void limit_reads(Milliseconds timeout) noexcept override { timeouts_.read = timeout; }
  async::Task<Status> read_head(http::ResponseHead& head) override;
  async::Task<Result<http::Chunk>> read_body() override { return reader_.read(timeouts_.read); }
  bool read_arrived(Result<http::Chunk>& piece) override { return reader_.read_arrived(piece); }
  bool has_trailers() const noexcept override { return reader_.has_trailers(); }
  void trailers(http::Headers& into) const override { reader_.trailers(into); }

  bool response_begun() const noexcept override { return response_begun_ || !stream_->unread().empty(); }
  bool request_begun() const noexcept override { return stream_->sent_bytes() != sent_before_; }
  async::Stream* switch_protocols() noexcept override {
    keep_alive_ = false;
    return stream_.get();
  }
  const async::Stream* carrier() const noexcept override { return stream_.get(); }
  void abort() noexcept override { stream_->abort(); }

  BodyReader& body() noexcept { return reader_; }
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
  HeadLimits limits_ = kResponseHeadLimits;
  ClientTimeouts timeouts_;
  std::string_view method_;  // of the present request; lies in its exchange
  std::uint64_t sent_before_ = 0;
  unsigned exchanges_ = 0;
  unsigned interims_ = 0;  // 1xx heads of the present exchange
  bool response_begun_ = false;
  bool keep_alive_ = true;
};

}  // namespace sallyport::wire
