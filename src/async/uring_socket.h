#pragma once
// What one socket has under way in the kernel. Its stream owns it, and once that has ended the reactor does, until the
// last completion: only then the descriptor is closed.

#include "async/outgoing_pieces.h"
#include "async/uring_ring.h"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace sallyport::async {

class UringReactor;
class UringStream;

class UringSocket final {
 public:
  UringSocket(UringReactor& reactor, int fd, UringStream& stream);
  UringSocket(const UringSocket&) = delete;
  UringSocket& operator=(const UringSocket&) = delete;
  ~UringSocket();

  // The stream has ended: so does what is under way, and nobody hears of it.
  static void end(std::unique_ptr<UringSocket> socket);

  int fd() const noexcept { return fd_; }
  void break_at_end();  // see Stream

  // Receives until told to stop or something else ends it; each time the stream's `on_received` is called.
  void receive();
  bool is_receiving() const noexcept { return receiving_; }
  void stop_receiving();  // more may arrive before it has stopped
  // Instead: waits once for something to receive; the stream's `on_readable` is called.
  void wait_until_readable();

  // Sends once what is not empty; the bytes stay valid until the stream's `on_sent` or `settle_send`.
  void send(const OutgoingPieces& pieces);
  void wait_until_writable();  // instead of a send, with the same completion
  bool is_sending() const noexcept { return sending_; }
  std::optional<int> settle_send();  // see UringRing::settle

  // Waits for the peer to end or break the connection, while nothing is received; the stream's `on_hangup` is called.
  void watch_hangup();
  void stop_watching();

 private:
  template <void (UringSocket::*handle)(int, std::uint32_t)>
  class Operation final : public Completion {
   public:
    explicit Operation(UringSocket& socket) : socket_(socket) {}
    void on_completion(int result, std::uint32_t flags) override { (socket_.*handle)(result, flags); }

   private:
    UringSocket& socket_;
  };

  void on_received(int result, std::uint32_t flags);
  void on_readable(int result, std::uint32_t flags);
  void on_sent(int result, std::uint32_t flags);
  void on_hangup(int result, std::uint32_t flags);
  bool is_idle() const noexcept { return !receiving_ && !awaiting_ && !sending_ && !watching_; }
  void free_when_idle();
  void poll(std::uint32_t events, Completion& completion);

  UringReactor& reactor_;
  UringStream* stream_;  // null once it has ended
  int fd_;
  bool breaks_ = false;
  bool receiving_ = false;
  bool stopping_ = false;  // a cancel of the receive is on its way
  bool awaiting_ = false;
  bool sending_ = false;
  bool watching_ = false;
  bool ending_watch_ = false;
  Operation<&UringSocket::on_received> receive_{*this};
  Operation<&UringSocket::on_readable> readable_{*this};
  Operation<&UringSocket::on_sent> send_{*this};
  Operation<&UringSocket::on_hangup> hangup_{*this};
  OutgoingPieces::Vectors pieces_{};
  msghdr message_{};
};

}  // namespace sallyport::async
