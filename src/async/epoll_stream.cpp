#include "async/epoll_stream.h"

#include "async/socket_calls.h"
#include "async/sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sallyport::async {

EpollStream::EpollStream(EpollReactor& reactor, int fd, State state)
    : reactor_(reactor),
      fd_(fd),
      connecting_(state == State::kConnecting),
      readable_(state == State::kConnected),
      read_limit_(reactor.buffers().large()) {
  reactor_.add(fd_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

EpollStream::~EpollStream() {
  if (destroyed_) *destroyed_ = true;
  reactor_.remove(fd_, *this);
  ::close(fd_);
  if (buffer_) reactor_.buffers().put(std::move(buffer_), capacity_);
}

void EpollStream::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void EpollStream::release_buffers() noexcept {
  if (!buffer_ || begin_ != end_) return;
  reactor_.buffers().put(std::move(buffer_), capacity_);
  capacity_ = begin_ = end_ = 0;
}

// Makes space behind the unread bytes; false when they fill all they may.
bool EpollStream::make_room() {
  if (reads_fill_buffer_ && capacity_ < reactor_.buffers().large())
    release_buffers();  // a stream of data: larger pieces
  if (!buffer_) {
    capacity_ = reads_fill_buffer_ ? reactor_.buffers().large() : reactor_.buffers().small();
    buffer_ = reactor_.buffers().get(capacity_);
    begin_ = end_ = 0;
    return true;
  }
  if (end_ < capacity_) return true;
  std::size_t held = end_ - begin_;
  if (begin_ > 0 && held <= capacity_ / 2) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  } else {
    std::size_t larger = std::max(capacity_ * 2, reactor_.buffers().large());
    if (held >= read_limit_) return false;
    auto grown = reactor_.buffers().get(larger);
    std::memcpy(grown.get(), buffer_.get() + begin_, held);
    reactor_.buffers().put(std::exchange(buffer_, std::move(grown)), capacity_);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = held;
  return true;
}

// True: complete, `status` is set. False: nothing there yet.
bool EpollStream::read_some(IoStatus& status) {
  if (!make_room()) return status = IoStatus::kFull, true;
  std::size_t space = capacity_ - end_;
  for (;;) {
    ssize_t got = receive(fd_, buffer_.get() + end_, space);
    if (got > 0) {
      end_ += static_cast<std::size_t>(got);
      reads_fill_buffer_ = static_cast<std::size_t>(got) == space;
      if (!reads_fill_buffer_ && !ended_) readable_ = false;  // a short read means that the kernel has no more
      return status = IoStatus::kOk, true;
    }
    if (got == 0) {
      ended_ = true;
      readable_ = false;
      return status = IoStatus::kEnd, true;
    }
    if (errno == EINTR) continue;
    readable_ = false;
    if (errno == EAGAIN) return false;
    error_ = errno;
    broken_ = true;
    return status = IoStatus::kReset, true;
  }
}

bool EpollStream::start_fill(IoOperation& operation, Milliseconds timeout) {
  if (broken_) return operation.status = IoStatus::kReset, true;
  if (ended_ && !readable_) return operation.status = IoStatus::kEnd, true;
  if (readable_ && read_some(operation.status)) return true;
  release_buffers();
  fill_ = &operation;
  reactor_.wheel().set(fill_timeout_, reactor_.now(), timeout);
  return false;
}

// True: all sent or broken. False: the socket takes no more now.
bool EpollStream::send_some(IoStatus& status) {
  for (;;) {
    OutgoingPieces::Vectors pieces;
    std::size_t count = sending_.describe(pieces);
    if (count == 0) return status = IoStatus::kOk, true;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    ssize_t sent = count == 1 ? send_piece(fd_, pieces[0].iov_base, pieces[0].iov_len) : send_pieces(fd_, message);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return false;
      error_ = errno;
      return status = IoStatus::kReset, true;  // what has arrived may still be read
    }
    sent_bytes_ += static_cast<std::size_t>(sent);
    sending_.note_sent(static_cast<std::size_t>(sent));
  }
}

bool EpollStream::start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) {
  sending_.start(pieces);
  if (!connecting_ && send_some(operation.status)) return true;
  send_ = &operation;
  reactor_.wheel().set(send_timeout_, reactor_.now(), timeout);
  return false;
}

bool EpollStream::finish_connecting(IoStatus& status) {
  connecting_ = false;
  socklen_t size = sizeof error_;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &size);
  if (error_ != 0) {
    broken_ = true;
    return status = IoStatus::kReset, true;
  }
  return send_some(status);
}

void EpollStream::forget(IoOperation& operation) noexcept {
  if (fill_ == &operation) {
    fill_ = nullptr;
    reactor_.wheel().cancel(fill_timeout_);
  }
  if (send_ == &operation) {
    send_ = nullptr;
    reactor_.wheel().cancel(send_timeout_);
  }
}

void EpollStream::complete(IoOperation*& pending, IoStatus status) {
  IoOperation* operation = std::exchange(pending, nullptr);
  operation->status = status;
  operation->waiting.resume();  // may destroy this stream
}

void EpollStream::Timeout::expire() {
  IoOperation*& pending = stream_.*pending_;
  if (pending) stream_.complete(pending, IoStatus::kTimeout);
}

void EpollStream::on_events(std::uint32_t events) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (events & EPOLLRDHUP) ended_ = true;
  IoStatus status;
  if (send_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))) {
    if (connecting_ ? finish_connecting(status) : send_some(status)) {
      reactor_.wheel().cancel(send_timeout_);
      complete(send_, status);
      if (destroyed) return;
    }
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    readable_ = true;
    if (fill_ && read_some(status)) {
      reactor_.wheel().cancel(fill_timeout_);
      complete(fill_, status);
      if (destroyed) return;
    } else if (!fill_ && hangup_ && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
      std::exchange(hangup_, nullptr)->peer_gone();
      if (destroyed) return;
    }
  }
  destroyed_ = nullptr;
}

void EpollStream::expire_fill() noexcept {
  if (fill_) reactor_.wheel().set(fill_timeout_, reactor_.now(), Milliseconds(0));
}

// The shutdown makes the kernel report a hangup, which completes what is pending.
void EpollStream::abort() noexcept { ::shutdown(fd_, SHUT_RDWR); }

void EpollStream::break_at_end() noexcept {
  linger reset{1, 0};  // closing then sends RST
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void EpollStream::shut_down_sending() noexcept { ::shutdown(fd_, SHUT_WR); }

std::string EpollStream::local_address() const { return local_address_of(fd()).to_string(); }

}  // namespace sallyport::async
