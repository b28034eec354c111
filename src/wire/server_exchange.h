#pragma once
// One exchange with a client, whose request head has been read: its body in, the response out, whatever the protocol.
// Belongs to the worker of its connection.

#include "async/stream.h"
#include "async/task.h"
#include "http/message.h"
#include "wire/body_writer.h"
#include "wire/incoming_body.h"

#include <cstdint>

namespace sallyport::wire {

class ServerExchange {
 public:
  virtual IncomingBody& body() noexcept = 0;
  virtual async::Task<Result<http::Chunk>> read_body() = 0;
  // Whether the client has sent anything that was not read.
  virtual bool has_unread() const noexcept = 0;

  // An interim response, at once.
  virtual async::Task<Status> send_interim(const http::ResponseHead& head) = 0;
  // Queues the head of the response; it leaves with the first piece of the body, or with a flush.
  virtual void begin_response(const http::ResponseHead& head, http::BodyLength length) = 0;
  virtual async::Task<Status> write(http::Chunk piece, BodyWriter::Flush flush) = 0;
  virtual async::Task<Status> flush() = 0;
  // Whether trailers can still follow a body that was told to be so long.
  virtual bool takes_trailers_after(http::BodyLength told) const noexcept = 0;

  // Nothing that the client sends after this request is wanted: neither the rest of its body nor, where requests follow
  // each other, another one.
  virtual void close_after_response() noexcept = 0;
  // The client as a stream of bytes, behind a response 101 that was sent; the connection carries no further request.
  // Null where the protocol of the client knows no such response.
  virtual async::Stream* switch_protocols() noexcept { return nullptr; }
  // The present response stays a fragment, and no client takes it for a whole one.
  virtual void break_off() noexcept = 0;

  // What has been given to the client's connection; of HTTP/1, also of the exchanges before.
  virtual std::uint64_t sent_bytes() const noexcept = 0;

 protected:
  ~ServerExchange() = default;
};

}  // namespace sallyport::wire
