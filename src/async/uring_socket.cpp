#include "async/uring_socket.h"

#include "async/uring_reactor.h"
#include "async/uring_stream.h"

#include <poll.h>
#include <unistd.h>

#include <utility>

namespace sallyport::async {

UringSocket::UringSocket(UringReactor& reactor, int fd, UringStream& stream)
    : reactor_(reactor), stream_(&stream), fd_(fd) {}

UringSocket::~UringSocket() { ::close(fd_); }

// The peer hears of the end now, and what is under way completes because of it. A connection that is to break must not
// end first, so there it is cancelled.
void UringSocket::end(std::unique_ptr<UringSocket> socket) {
  socket->stream_ = nullptr;
  if (socket->is_idle()) return;
  if (socket->breaks_) {
    socket->stop_receiving();
    if (socket->awaiting_) socket->reactor_.ring().cancel(socket->readable_);
    socket->stop_watching();
  } else {
    ::shutdown(socket->fd_, SHUT_RDWR);
  }
  UringReactor& reactor = socket->reactor_;
  reactor.keep(std::move(socket));
}

void UringSocket::break_at_end() {
  linger reset{1, 0};  // closing then sends RST
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  breaks_ = true;
}

void UringSocket::free_when_idle() {
  if (is_idle()) reactor_.free(*this);
}

void UringSocket::receive() {
  io_uring_sqe& entry = reactor_.ring().next_entry();
  io_uring_prep_recv_multishot(&entry, fd_, nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = UringRing::kBufferGroup;
  UringRing::name(entry, &receive_);
  receiving_ = true;
  stopping_ = false;
}

void UringSocket::stop_receiving() {
  if (!receiving_ || stopping_) return;
  stopping_ = true;
  reactor_.ring().cancel(receive_);
}

void UringSocket::on_received(int result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_MORE) == 0) receiving_ = false;
  if (stream_) return stream_->on_received(result, flags);
  if (flags & IORING_CQE_F_BUFFER) reactor_.ring().put_buffer_back(flags);
  free_when_idle();
}

void UringSocket::wait_until_readable() {
  if (awaiting_) return;
  poll(POLLIN | POLLRDHUP, readable_);
  awaiting_ = true;
}

void UringSocket::on_readable(int result, std::uint32_t) {
  awaiting_ = false;
  if (stream_) return stream_->on_readable(result);
  free_when_idle();
}

void UringSocket::send(const OutgoingPieces& pieces) {
  std::size_t count = pieces.describe(pieces_);
  io_uring_sqe& entry = reactor_.ring().next_entry();
  if (count == 1) {
    io_uring_prep_send(&entry, fd_, pieces_[0].iov_base, pieces_[0].iov_len, MSG_NOSIGNAL);
  } else {
    message_.msg_iov = pieces_.data();
    message_.msg_iovlen = count;
    io_uring_prep_sendmsg(&entry, fd_, &message_, MSG_NOSIGNAL);
  }
  UringRing::name(entry, &send_);
  sending_ = true;
}

void UringSocket::wait_until_writable() {
  poll(POLLOUT, send_);
  sending_ = true;
}

std::optional<int> UringSocket::settle_send() {
  sending_ = false;
  return reactor_.ring().settle(send_);
}

void UringSocket::on_sent(int result, std::uint32_t) {
  sending_ = false;
  if (stream_) return stream_->on_sent(result);
  free_when_idle();
}

void UringSocket::watch_hangup() {
  if (watching_) return;
  poll(POLLRDHUP, hangup_);
  watching_ = true;
  ending_watch_ = false;
}

void UringSocket::stop_watching() {
  if (!watching_ || ending_watch_) return;
  ending_watch_ = true;
  reactor_.ring().cancel(hangup_);
}

void UringSocket::on_hangup(int result, std::uint32_t) {
  watching_ = false;
  if (stream_) return stream_->on_hangup(result);
  free_when_idle();
}

void UringSocket::poll(std::uint32_t events, Completion& completion) {
  io_uring_sqe& entry = reactor_.ring().next_entry();
  io_uring_prep_poll_add(&entry, fd_, events);
  UringRing::name(entry, &completion);
}

}  // namespace sallyport::async
