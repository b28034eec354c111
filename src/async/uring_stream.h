#pragma once
// A TCP or unix stream on the io_uring loop. It receives all the time, into buffers of the ring, as long as its reader
// keeps up; it sends straight from the caller's bytes, with the next turn of the loop. Bulk, which fills whole buffers,
// goes another way: it is received when its reader wants it and sent at once, so that the processor's cache still holds
// what was received when it is sent, and the same buffer serves the next stream.

#include "async/outgoing_pieces.h"
#include "async/received_bytes.h"
#include "async/stream.h"
#include "async/timer_wheel.h"
#include "async/uring_socket.h"

#include <cstdint>
#include <memory>

namespace sallyport::async {

class UringReactor;

class UringStream final : public Stream {
 public:
  enum class State { kConnected, kConnecting };
  UringStream(UringReactor& reactor, int fd, State state);
  ~UringStream() override;

  std::string_view unread() const override { return received_.unread(); }
  void consume(std::size_t bytes) override { received_.consume(bytes); }
  void set_read_limit(std::size_t bytes) override { read_limit_ = bytes; }
  bool start_fill(IoOperation& operation, Milliseconds timeout) override;
  bool start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) override;
  void forget(IoOperation& operation) noexcept override;
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }
  void watch_hangup(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool is_gone() const noexcept override { return ended_ || broken_ || hung_up_; }
  bool is_quiet() const noexcept override {
    return !is_gone() && !readable_ && !received_.has_queued() && unread().empty();
  }
  void expire_fill() noexcept override;
  void abort() noexcept override;
  void break_at_end() noexcept override { socket_->break_at_end(); }
  void shut_down_sending() noexcept override;
  void release_buffers() noexcept override {}  // a buffer goes back with the last byte that is consumed

  int last_error() const noexcept { return error_; }
  std::string local_address() const override;
  int fd() const noexcept { return socket_->fd(); }  // for socket options; owned by the stream

  // From the socket. Each may destroy this stream.
  void on_received(int result, std::uint32_t flags);
  void on_readable(int result);
  void on_sent(int result);
  void on_hangup(int result);

 private:
  // The deadline of one direction's pending operation.
  class Timeout final : public Deadline {
   public:
    Timeout(UringStream& stream, void (UringStream::*expired)()) : stream_(stream), expired_(expired) {}
    void expire() override { (stream_.*expired_)(); }

   private:
    UringStream& stream_;
    void (UringStream::*expired_)();
  };

  bool next_piece(IoStatus& status);
  void receive_bulk();
  void note_size(std::size_t received);
  void note_end(int result);
  void steer_receiving();
  void tell_reader();
  void fill_expired();
  bool send_bulk(IoStatus& status);
  void count_sent(std::size_t bytes);
  bool finish_connecting(IoStatus& status);
  void stop_sending();
  void send_expired();
  void complete(IoOperation*& pending, IoStatus status);

  UringReactor& reactor_;
  std::unique_ptr<UringSocket> socket_;
  bool connecting_;
  bool ended_ = false;    // FIN was received
  bool hung_up_ = false;  // the peer has gone, but what it sent before was not received yet
  bool broken_ = false;
  int error_ = 0;
  HangupListener* hangup_ = nullptr;
  ReceivedBytes received_;
  bool is_bulk_ = false;
  bool readable_ = false;        // bulk: the kernel has something, or the end
  unsigned small_receives_ = 0;  // bulk: in a row
  unsigned bulk_receives_ = 0;   // since the loop's last turn
  std::size_t read_limit_;

  IoOperation* fill_ = nullptr;
  IoOperation* send_ = nullptr;
  OutgoingPieces sending_;
  std::uint64_t sent_bytes_ = 0;
  Timeout fill_timeout_{*this, &UringStream::fill_expired};
  Timeout send_timeout_{*this, &UringStream::send_expired};
};

}  // namespace sallyport::async
