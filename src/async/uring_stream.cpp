#include "async/uring_stream.h"

#include "async/socket_calls.h"
#include "async/sockets.h"
#include "async/uring_reactor.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sallyport::async {
namespace {

// So many buffers may wait for their reader before receiving stops; it goes on when there are fewer than the second.
constexpr std::size_t kMostQueued = 4;
constexpr std::size_t kFewQueued = 2;
// So many receives that do not fill their buffers, one after the other, are no bulk any more.
constexpr unsigned kSmallReceives = 8;
// Bulk is received so often before others have their turn, and so many bytes or more are sent at once.
constexpr unsigned kBulkReceives = 8;
constexpr std::size_t kBulkSend = 16 * 1024;

}  // namespace

UringStream::UringStream(UringReactor& reactor, int fd, State state)
    : reactor_(reactor),
      socket_(std::make_unique<UringSocket>(reactor, fd, *this)),
      connecting_(state == State::kConnecting),
      received_(reactor.buffers()),
      read_limit_(reactor.buffers().large()) {
  if (!connecting_) socket_->receive();
}

UringStream::~UringStream() {
  stop_sending();
  UringSocket::end(std::move(socket_));
}

// True: complete, `status` is set. False: nothing there yet.
bool UringStream::next_piece(IoStatus& status) {
  if (readable_ && !received_.has_queued()) receive_bulk();
  if (received_.show_more()) return status = IoStatus::kOk, true;
  if (broken_) return status = IoStatus::kReset, true;
  if (ended_) return status = IoStatus::kEnd, true;
  return false;
}

bool UringStream::start_fill(IoOperation& operation, Milliseconds timeout) {
  if (unread().size() >= read_limit_) return operation.status = IoStatus::kFull, true;
  bool complete = next_piece(operation.status);
  if (!socket_->is_receiving()) steer_receiving();
  if (complete) return true;
  received_.keep_in_little();
  fill_ = &operation;
  reactor_.wheel().set(fill_timeout_, reactor_.now(), timeout);
  return false;
}

void UringStream::note_end(int result) {
  if (result == 0) ended_ = true;
  if (result == -ENOBUFS && !received_.has_queued()) reactor_.ring().tell_exhausted();  // others took all
  if (result >= 0 || result == -ENOBUFS || result == -ECANCELED || result == -EAGAIN || result == -EINTR) return;
  error_ = -result;
  broken_ = true;
}

void UringStream::note_size(std::size_t received) {
  if (received == reactor_.buffers().large()) {
    is_bulk_ = true;
    small_receives_ = 0;
  } else if (++small_receives_ >= kSmallReceives) {
    is_bulk_ = false;
  }
}

// One piece. A short one was all that the kernel had.
void UringStream::receive_bulk() {
  const std::size_t size = reactor_.buffers().large();
  auto buffer = reactor_.buffers().get(size);
  const ssize_t got = receive(fd(), buffer.get(), size);
  const int result = got < 0 ? -errno : static_cast<int>(got);
  readable_ = result == static_cast<int>(size) && ++bulk_receives_ < kBulkReceives;
  if (result > 0) {
    note_size(static_cast<std::size_t>(result));
    received_.push(std::move(buffer), static_cast<std::size_t>(result));
  } else {
    reactor_.buffers().put(std::move(buffer), size);
    note_end(result);
  }
}

// Receives while the reader keeps up. Bulk is only waited for: a receive that repeats would take all that the kernel
// has before anybody could stop it. While nothing is received, the socket is watched for the peer's end.
void UringStream::steer_receiving() {
  if (connecting_ || ended_ || broken_) return;
  const std::size_t queued = received_.queued_buffers();
  if (socket_->is_receiving()) {
    if (is_bulk_ || queued >= kMostQueued) socket_->stop_receiving();
  } else if (!is_bulk_ && queued < kFewQueued) {
    readable_ = false;
    socket_->stop_watching();
    socket_->receive();
  } else if (is_bulk_ && queued == 0 && !readable_) {
    socket_->wait_until_readable();
  } else if (!hung_up_) {
    socket_->watch_hangup();
  }
}

void UringStream::on_received(int result, std::uint32_t flags) {
  if (result > 0) {
    note_size(static_cast<std::size_t>(result));
    received_.push(reactor_.ring().take_buffer(flags), static_cast<std::size_t>(result));
  } else {
    if (flags & IORING_CQE_F_BUFFER) reactor_.ring().put_buffer_back(flags);
    note_end(result);
  }
  tell_reader();
}

void UringStream::on_readable(int result) {
  bulk_receives_ = 0;
  if (result < 0) {
    note_end(result);
  } else if (!socket_->is_receiving()) {
    readable_ = true;
    hung_up_ |= (static_cast<unsigned>(result) & POLLRDHUP) != 0;
  }
  tell_reader();
}

// Of what has arrived.
void UringStream::tell_reader() {
  IoStatus status;
  bool filled = fill_ && next_piece(status);
  steer_receiving();
  if (filled) {
    reactor_.wheel().cancel(fill_timeout_);
    complete(fill_, status);
  } else if (is_gone() && !fill_ && hangup_) {
    std::exchange(hangup_, nullptr)->peer_gone();
  }
}

void UringStream::on_hangup(int result) {
  if (result > 0) hung_up_ = true;
  steer_receiving();
  if (hung_up_ && !fill_ && hangup_) std::exchange(hangup_, nullptr)->peer_gone();
}

bool UringStream::start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) {
  sending_.start(pieces);
  if (connecting_) {
    socket_->wait_until_writable();
  } else if (sending_.are_sent()) {
    return operation.status = IoStatus::kOk, true;
  } else if (send_bulk(operation.status)) {
    return true;
  } else {
    socket_->send(sending_);
  }
  send_ = &operation;
  reactor_.wheel().set(send_timeout_, reactor_.now(), timeout);
  return false;
}

// True: it was bulk, and all has been sent or the stream is broken.
bool UringStream::send_bulk(IoStatus& status) {
  if (sending_.size() < kBulkSend) return false;
  OutgoingPieces::Vectors pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = sending_.describe(pieces);
  const ssize_t sent = send_pieces(fd(), message);
  if (sent >= 0) {
    count_sent(static_cast<std::size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    error_ = errno;
    return status = IoStatus::kReset, true;  // what has arrived may still be read
  }
  return sending_.are_sent() && (status = IoStatus::kOk, true);
}

void UringStream::count_sent(std::size_t bytes) {
  sent_bytes_ += bytes;
  sending_.note_sent(bytes);
}

// False: it did not come about.
bool UringStream::finish_connecting(IoStatus& status) {
  connecting_ = false;
  socklen_t size = sizeof error_;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error_, &size);
  broken_ = error_ != 0;
  steer_receiving();
  status = broken_ ? IoStatus::kReset : IoStatus::kOk;
  return !broken_;
}

void UringStream::on_sent(int result) {
  IoStatus status = IoStatus::kOk;
  bool goes_on = true;
  if (connecting_) {
    goes_on = finish_connecting(status);
  } else if (result >= 0) {
    count_sent(static_cast<std::size_t>(result));
  } else if (result != -EAGAIN && result != -EINTR) {
    error_ = -result;
    status = IoStatus::kReset;  // what has arrived may still be read
    goes_on = false;
  }
  if (goes_on && !sending_.are_sent()) return socket_->send(sending_);
  reactor_.wheel().cancel(send_timeout_);
  complete(send_, status);
}

// Afterwards the kernel does not look at the caller's bytes any more.
void UringStream::stop_sending() {
  if (!socket_->is_sending()) return;
  int result = socket_->settle_send().value_or(0);
  if (!connecting_ && result > 0) count_sent(static_cast<std::size_t>(result));
}

void UringStream::forget(IoOperation& operation) noexcept {
  if (fill_ == &operation) {
    fill_ = nullptr;
    reactor_.wheel().cancel(fill_timeout_);
  }
  if (send_ == &operation) {
    send_ = nullptr;
    reactor_.wheel().cancel(send_timeout_);
    stop_sending();
  }
}

void UringStream::complete(IoOperation*& pending, IoStatus status) {
  IoOperation* operation = std::exchange(pending, nullptr);
  operation->status = status;
  operation->waiting.resume();  // may destroy this stream
}

void UringStream::fill_expired() {
  if (fill_) complete(fill_, IoStatus::kTimeout);
}

void UringStream::send_expired() {
  if (!send_) return;
  stop_sending();
  complete(send_, !connecting_ && sending_.are_sent() ? IoStatus::kOk : IoStatus::kTimeout);
}

void UringStream::expire_fill() noexcept {
  if (fill_) reactor_.wheel().set(fill_timeout_, reactor_.now(), Milliseconds(0));
}

// What is pending completes, as the kernel then ends it.
void UringStream::abort() noexcept { ::shutdown(fd(), SHUT_RDWR); }

void UringStream::shut_down_sending() noexcept { ::shutdown(fd(), SHUT_WR); }

std::string UringStream::local_address() const { return local_address_of(fd()).to_string(); }

}  // namespace sallyport::async
