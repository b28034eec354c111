#pragma once
// The client's side of HTTP/1.1: request heads and bodies in, response heads and bodies out, one exchange at a time.
// Belongs to the worker of its stream.

#include "async/reactor.h"
#include "async/stream.h"
#include "async/task.h"
#include "http/message.h"
#include "wire/body_reader.h"
#include "wire/body_writer.h"
#include "wire/h1.h"
#include "wire/least_rate.h"
#include "wire/server_exchange.h"

#include <coroutine>

namespace sallyport::wire {

struct ServerLimits {
  HeadLimits head;
  Milliseconds keep_alive{60'000};    // between requests
  Milliseconds head_arrival{60'000};  // from the first byte of a head to its last
  Milliseconds body_piece{60'000};    // between two reads of a body
  Milliseconds send{60'000};          // between two writes
  LeastRate request_rate;             // of a body
  LeastRate response_rate;            // of a response of HTTP/2; of HTTP/1, `send` is for 64 KiB at most
};

class ServerConnection final : public ServerExchange {
 public:
  ServerConnection(async::Reactor& reactor, async::StreamPtr stream, const ServerLimits& limits);

  struct Next {
    enum class Kind { kRequest, kEnd, kRefused } kind = Kind::kEnd;
    int refusal = 0;          // the status to answer with, when refused
    std::string_view reason;  // token for the log, when refused
    std::size_t bytes = 0;    // of the head, when it is a request
  };
  // co_await first_bytes(): waits for those of the next request, without what a request needs; the body of the last one
  // has been read to its end. False: the connection ended, or its time was up.
  class FirstBytes {
   public:
    explicit FirstBytes(ServerConnection& connection)
        : are_there_(connection.has_unread()), fill_(connection.stream_->fill(connection.limits_.keep_alive)) {}
    bool await_ready() { return are_there_ || fill_.await_ready(); }
    void await_suspend(std::coroutine_handle<> waiting) { fill_.await_suspend(waiting); }
    bool await_resume() { return are_there_ || fill_.await_resume() == async::IoStatus::kOk; }

   private:
    bool are_there_;
    async::Stream::Fill fill_;
  };
  FirstBytes first_bytes() {
    reader_.finish_piece();
    return FirstBytes(*this);
  }
  // The same as a Task.
  async::Task<bool> wait_for_request();
  // Waits for the next request head.
  async::Task<Next> read_head(http::RequestHead& head);

  BodyReader& body() noexcept override { return reader_; }
  async::Task<Result<http::Chunk>> read_body() override { return reader_.read(limits_.body_piece); }

  bool has_unread() const noexcept override { return !stream_->unread().empty(); }

  async::Task<Status> send_interim(const http::ResponseHead& head) override;
  // A body of HTTP/1.0 that is not sized ends with the connection.
  void begin_response(const http::ResponseHead& head, http::BodyLength length) override;
  async::Task<Status> write(http::Chunk piece, BodyWriter::Flush flush) override {
    return writer_.write(piece, flush, limits_.send);
  }
  async::Task<Status> flush() override { return writer_.flush(limits_.send); }

  // A body whose length left with its head has no place for them (RFC 9112 7.1.2).
  bool takes_trailers_after(http::BodyLength told) const noexcept override {
    return told.kind != http::BodyLength::Kind::kSized;
  }

  // The response to the present request will be the last on this connection.
  void close_after_response() noexcept override { closes_ = true; }
  bool is_closing() const noexcept { return closes_; }
  // As that, as long as the client has not been told otherwise: a response that has begun keeps its promise.
  void close_after_response_if_not_begun() noexcept {
    if (!response_begun_) closes_ = true;
  }
  async::Stream* switch_protocols() noexcept override {
    closes_ = true;
    return stream_.get();
  }
  // The connection ends in a way that no client takes for the response's end.
  void break_off() noexcept override;
  bool response_ended() const noexcept { return writer_.ended(); }
  // Whether the connection may carry another request now.
  bool is_reusable() const noexcept { return !closes_ && writer_.ended() && reader_.ended(); }
  // Reads and drops what is left of the request's body, if that is at most `limit` bytes and comes soon; false: close
  // instead.
  async::Task<bool> drain_body(std::size_t limit);
  // Lets the client read what was sent before the connection closes (RFC 9112 9.6), for `longest` at most.
  async::Task<void> linger(Milliseconds longest = Milliseconds(2'000));

  async::Stream& stream() noexcept { return *stream_; }
  // Of a connection that turns out to speak something else; nothing else may be asked of this one then.
  async::StreamPtr take_stream() noexcept { return std::move(stream_); }
  std::uint64_t sent_bytes() const noexcept override { return stream_->sent_bytes(); }

 private:
  Next parse(http::RequestHead& head);
  async::Task<Next> wait_for_head(http::RequestHead& head);

  async::Reactor& reactor_;
  async::StreamPtr stream_;
  const ServerLimits& limits_;
  BodyReader reader_;
  BodyWriter writer_;
  http::Version version_ = http::Version::kHttp11;
  bool ends_with_connection_ = false;  // the present response
  bool response_begun_ = false;
  bool incomplete_ = false;
  bool closes_ = false;
};

}  // namespace sallyport::wire
