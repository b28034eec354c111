#pragma once
// TLS over another stream: whoever serves the one serves the other. Belongs to one worker, as does everything it is
// given.
//
// The plain bytes that have arrived lie in a buffer of the pool; those to send are sealed at once, up to a piece of
// 64 KiB, and the sealed piece is sent by the socket's stream. The end of the socket without a closing alert counts as
// a broken connection: what arrived may have been cut (RFC 9112 9.8).

#include "async/buffer_pool.h"
#include "async/outgoing_pieces.h"
#include "async/reactor.h"
#include "async/stream.h"
#include "tls/openssl_ptr.h"
#include "tls/resumption.h"
#include "tls/stream_bio.h"

#include <memory>
#include <string>

namespace sallyport::tls {

class TlsStream final : public async::Stream {
 public:
  // `ssl` knows which end it is.
  TlsStream(async::Reactor& reactor, async::StreamPtr socket, SslPtr ssl);
  ~TlsStream() override;

  // co_await stream.shake_hands(timeout): kOk when both ends agree; otherwise `failure` says what went wrong.
  class Handshake final : public OwnOperation {
   public:
    Handshake(TlsStream& stream, Milliseconds timeout) : OwnOperation(stream, timeout), tls_(stream) {}
    bool await_ready() { return tls_.start_reading(operation_, Goal::kHandshake, timeout_); }

   private:
    TlsStream& tls_;
  };
  Handshake shake_hands(Milliseconds timeout) { return {*this, timeout}; }
  const std::string& failure() const noexcept { return failure_; }
  // After a handshake that failed: lets the peer read why, for `longest` at most.
  async::Task<void> part(Milliseconds longest);
  SSL& ssl() const noexcept { return *ssl_; }

  std::string_view unread() const override { return {buffer_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) override;
  void set_read_limit(std::size_t bytes) override { read_limit_ = bytes; }
  bool start_fill(async::IoOperation& operation, Milliseconds timeout) override;
  bool start_send(async::IoOperation& operation, std::span<const std::string_view> pieces,
                  Milliseconds timeout) override;
  void forget(async::IoOperation& operation) noexcept override;
  // Plain bytes, counted when what they are sealed in is given to the socket.
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }
  void watch_hangup(async::HangupListener* listener) noexcept override { socket_->watch_hangup(listener); }
  bool is_gone() const noexcept override { return ended_ || broken_ || socket_->is_gone(); }
  bool is_quiet() const noexcept override;
  void expire_fill() noexcept override;
  void abort() noexcept override { socket_->abort(); }
  void break_at_end() noexcept override;
  // The closing alert goes before the end. A stream that is dropped without it looks cut off to its peer.
  void shut_down_sending() noexcept override;
  void release_buffers() noexcept override;
  std::string local_address() const override { return socket_->local_address(); }

 private:
  enum class Goal { kHandshake, kBytes };

  bool start_reading(async::IoOperation& operation, Goal goal, Milliseconds timeout);
  bool advance(async::IoStatus& status);
  bool step(async::IoStatus& status);
  bool read_plain(async::IoStatus& status);
  bool judge(int result, async::IoStatus& status);
  bool take_end_of_socket(async::IoStatus status);
  void note_failure(std::string what);
  void make_room();

  bool send_all(async::IoStatus& status);
  bool seal_some();
  bool seal(std::string_view plain);
  bool send_outgoing();
  void say_goodbye();

  std::coroutine_handle<> on_filled();
  std::coroutine_handle<> on_sent();
  static std::coroutine_handle<> complete(async::IoOperation*& pending, async::IoStatus status);

  async::Reactor& reactor_;
  async::BufferPool& pool_;
  async::StreamPtr socket_;
  BioEnds ends_;
  SslPtr ssl_;
  std::string failure_;
  bool ended_ = false;           // the peer's closing alert has come
  bool broken_ = false;          // nothing more can be read
  bool sending_failed_ = false;  // what has arrived may still be read
  bool breaks_at_end_ = false;
  bool said_goodbye_ = false;
  bool shuts_down_ = false;  // FIN follows what is being sent

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t read_limit_ = pool_.large();
  Goal goal_ = Goal::kBytes;
  SteadyTime fill_deadline_;
  async::IoOperation* fill_ = nullptr;
  async::IoOperation socket_fill_;
  bool socket_fills_ = false;

  async::OutgoingPieces plain_;
  std::string in_flight_;  // sealed, as the socket sends it
  std::uint64_t sent_bytes_ = 0;
  SteadyTime send_deadline_;
  async::IoOperation* send_ = nullptr;
  async::IoOperation socket_send_;
  bool socket_sends_ = false;

  Resumption when_filled_ = Resumption::calling(*this, &TlsStream::on_filled);
  Resumption when_sent_ = Resumption::calling(*this, &TlsStream::on_sent);
};

}  // namespace sallyport::tls
