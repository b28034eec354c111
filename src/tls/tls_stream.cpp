#include "tls/tls_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::tls {

using async::IoOperation;
using async::IoStatus;

namespace {

constexpr std::size_t kRecord = 16 * 1024 - 256;        // plain bytes of one record
constexpr std::size_t kPiece = 64 * 1024;               // sealed bytes that are sent at once
constexpr std::size_t kMostUnsentReplies = 128 * 1024;  // alerts, key updates, handshakes that the peer does not read
constexpr std::size_t kKeptCapacity = 4 * 1024;         // of a text for sealed bytes, while the connection is idle
constexpr Milliseconds kReplyTimeout{10'000};

void give_back_memory(std::string& text) {
  if (text.empty() && text.capacity() > kKeptCapacity) std::string().swap(text);
}

}  // namespace

TlsStream::TlsStream(async::Reactor& reactor, async::StreamPtr socket, SslPtr ssl)
    : reactor_(reactor),
      pool_(reactor.buffers()),
      socket_(std::move(socket)),
      ends_{*socket_, {}},
      ssl_(std::move(ssl)) {
  BIO* bio = make_stream_bio(ends_).release();
  SSL_set_bio(ssl_.get(), bio, bio);  // which owns it
  socket_fill_.waiting = when_filled_.handle();
  socket_send_.waiting = when_sent_.handle();
}

TlsStream::~TlsStream() {
  if (socket_fills_) socket_->forget(socket_fill_);
  if (socket_sends_) socket_->forget(socket_send_);
  if (buffer_) pool_.put(std::move(buffer_), capacity_);
}

// --- reading

void TlsStream::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void TlsStream::release_buffers() noexcept {
  if (!buffer_ || begin_ != end_) return;
  socket_->release_buffers();
  pool_.put(std::move(buffer_), capacity_);
  capacity_ = begin_ = end_ = 0;
}

// Space behind the unread bytes, which are fewer than the read limit.
void TlsStream::make_room() {
  if (!buffer_) {
    capacity_ = pool_.small();
    buffer_ = pool_.get(capacity_);
    return;
  }
  std::size_t held = end_ - begin_;
  if (capacity_ - held < capacity_ / 4) {
    std::size_t larger = std::max(capacity_ * 2, pool_.large());
    auto grown = pool_.get(larger);
    std::memcpy(grown.get(), buffer_.get() + begin_, held);
    pool_.put(std::exchange(buffer_, std::move(grown)), capacity_);
    capacity_ = larger;
  } else if (begin_ > 0 && capacity_ - end_ < capacity_ / 4) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  } else {
    return;
  }
  begin_ = 0;
  end_ = held;
}

bool TlsStream::is_quiet() const noexcept {
  return !is_gone() && begin_ == end_ && SSL_pending(ssl_.get()) == 0 && socket_->is_quiet();
}

bool TlsStream::start_fill(IoOperation& operation, Milliseconds timeout) {
  if (end_ - begin_ >= read_limit_) return operation.status = IoStatus::kFull, true;
  return start_reading(operation, Goal::kBytes, timeout);
}

bool TlsStream::start_reading(IoOperation& operation, Goal goal, Milliseconds timeout) {
  goal_ = goal;
  fill_deadline_ = reactor_.now() + timeout;
  if (advance(operation.status)) return true;
  fill_ = &operation;
  return false;
}

// True: complete, `status` is set. False: the socket has to receive more, which is under way.
bool TlsStream::advance(IoStatus& status) {
  for (;;) {
    bool complete = step(status);
    if (!socket_sends_ && !sending_failed_) send_outgoing();
    if (complete) return true;
    if (goal_ == Goal::kBytes) release_buffers();
    if (!socket_->start_fill(socket_fill_, reactor_.until(fill_deadline_))) {
      socket_fills_ = true;
      return false;
    }
    if (take_end_of_socket(socket_fill_.status)) {
      status = socket_fill_.status == IoStatus::kTimeout ? IoStatus::kTimeout : IoStatus::kReset;
      return true;
    }
  }
}

// Whether there is nothing more to come.
bool TlsStream::take_end_of_socket(IoStatus status) {
  if (status == IoStatus::kOk) return false;
  if (status == IoStatus::kTimeout) {
    if (goal_ == Goal::kHandshake) note_failure("the handshake took too long");
    return true;
  }
  note_failure(status == IoStatus::kEnd ? "the peer ended the connection without a closing alert"
                                        : "the connection broke");
  return true;
}

void TlsStream::note_failure(std::string what) {
  if (failure_.empty()) failure_ = std::move(what);
  broken_ = true;
}

// True: complete, `status` is set. False: more bytes are needed.
bool TlsStream::step(IoStatus& status) {
  if (broken_) return status = IoStatus::kReset, true;
  if (ended_) return status = IoStatus::kEnd, true;
  if (ends_.outgoing.size() > kMostUnsentReplies) {
    note_failure("the peer sends on and on and does not read");
    return status = IoStatus::kReset, true;
  }
  ERR_clear_error();
  if (goal_ == Goal::kBytes) return read_plain(status);
  int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? (status = IoStatus::kOk, true) : judge(result, status);
}

// Opens what has arrived, as long as there is room for it.
bool TlsStream::read_plain(IoStatus& status) {
  make_room();
  bool got_some = false;
  while (end_ < capacity_) {
    std::size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), buffer_.get() + end_, capacity_ - end_, &got);
    if (result != 1) return judge(result, status) && !got_some ? true : (status = IoStatus::kOk, got_some);
    end_ += got;
    got_some = true;
    if (SSL_pending(ssl_.get()) == 0 && socket_->unread().empty()) break;
  }
  status = IoStatus::kOk;
  return true;
}

// What a result that is no success means. True: `status` is set. False: more bytes are needed.
bool TlsStream::judge(int result, IoStatus& status) {
  int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return false;
  if (error == SSL_ERROR_ZERO_RETURN) {
    ended_ = true;
    return status = IoStatus::kEnd, true;
  }
  note_failure(take_openssl_error());
  return status = IoStatus::kReset, true;
}

std::coroutine_handle<> TlsStream::on_filled() {
  socket_fills_ = false;
  if (!fill_) return std::noop_coroutine();
  IoStatus status = socket_fill_.status;
  if (take_end_of_socket(status)) {
    return complete(fill_, status == IoStatus::kTimeout ? IoStatus::kTimeout : IoStatus::kReset);
  }
  return advance(status) ? complete(fill_, status) : std::noop_coroutine();
}

void TlsStream::expire_fill() noexcept {
  if (socket_fills_) socket_->expire_fill();
}

// --- sending

bool TlsStream::start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) {
  plain_.start(pieces);
  send_deadline_ = reactor_.now() + timeout;
  if (send_all(operation.status)) return true;
  send_ = &operation;
  return false;
}

// True: all was taken by the kernel, or it broke. False: the socket is sending.
bool TlsStream::send_all(IoStatus& status) {
  while (!socket_sends_) {
    if (sending_failed_ || broken_ || !seal_some()) return status = IoStatus::kReset, true;
    if (ends_.outgoing.empty()) return status = IoStatus::kOk, true;
    if (!send_outgoing()) return status = socket_send_.status, true;
  }
  return false;
}

// Seals a piece at most; false: that went wrong.
bool TlsStream::seal_some() {
  while (ends_.outgoing.size() + kRecord < kPiece && !plain_.are_sent()) {
    async::OutgoingPieces::Vectors vectors;
    std::size_t count = plain_.describe(vectors);
    std::string_view first(static_cast<const char*>(vectors[0].iov_base), vectors[0].iov_len);
    if (count == 1 || first.size() >= kRecord) {
      if (!seal(first.substr(0, kRecord))) return false;
      continue;
    }
    std::array<char, kRecord> together;  // a head and a small body share a record
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t bytes = std::min(vectors[i].iov_len, kRecord - size);
      std::memcpy(together.data() + size, vectors[i].iov_base, bytes);
      size += bytes;
    }
    if (!seal({together.data(), size})) return false;
  }
  return true;
}

bool TlsStream::seal(std::string_view plain) {
  ERR_clear_error();
  std::size_t taken = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken) != 1) {
    note_failure(take_openssl_error());
    return false;
  }
  plain_.note_sent(taken);
  sent_bytes_ += taken;
  return true;
}

// Gives what is sealed to the socket, which is not sending. False: that failed, as socket_send_ says.
bool TlsStream::send_outgoing() {
  if (ends_.outgoing.empty()) return true;
  in_flight_.clear();
  in_flight_.swap(ends_.outgoing);
  const std::string_view pieces[] = {in_flight_};
  Milliseconds timeout = plain_.are_sent() && !send_ ? kReplyTimeout : reactor_.until(send_deadline_);
  if (!socket_->start_send(socket_send_, pieces, timeout)) return socket_sends_ = true;
  sending_failed_ = socket_send_.status != IoStatus::kOk;
  return !sending_failed_;
}

std::coroutine_handle<> TlsStream::on_sent() {
  socket_sends_ = false;
  IoStatus status = socket_send_.status;
  if (status != IoStatus::kOk) {
    sending_failed_ = true;
  } else if (!send_all(status)) {
    return std::noop_coroutine();
  }
  if (std::exchange(shuts_down_, false)) socket_->shut_down_sending();
  give_back_memory(in_flight_);
  give_back_memory(ends_.outgoing);
  return send_ ? complete(send_, status) : std::noop_coroutine();
}

// What is sealed leaves all the same, so that the peer can read what may follow.
void TlsStream::forget(IoOperation& operation) noexcept {
  if (fill_ == &operation) {
    fill_ = nullptr;
    if (std::exchange(socket_fills_, false)) socket_->forget(socket_fill_);
  }
  if (send_ == &operation) {
    send_ = nullptr;
    plain_.start({});
  }
}

std::coroutine_handle<> TlsStream::complete(IoOperation*& pending, IoStatus status) {
  IoOperation* operation = std::exchange(pending, nullptr);
  operation->status = status;
  return operation->waiting;
}

// --- the end

// The closing alert, once, where there is somebody to read it.
void TlsStream::say_goodbye() {
  if (broken_ || sending_failed_ || breaks_at_end_ || said_goodbye_ || SSL_in_init(ssl_.get())) return;
  said_goodbye_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

async::Task<void> TlsStream::part(Milliseconds longest) {
  constexpr std::size_t kMostBytes = 256 * 1024;
  const SteadyTime deadline = reactor_.now() + longest;
  std::size_t dropped = 0;
  shut_down_sending();
  while (dropped < kMostBytes && reactor_.now() < deadline) {
    dropped += socket_->unread().size();
    socket_->consume(socket_->unread().size());
    if (co_await socket_->fill(reactor_.until(deadline)) != IoStatus::kOk) co_return;
  }
}

void TlsStream::break_at_end() noexcept {
  breaks_at_end_ = true;
  socket_->break_at_end();
}

void TlsStream::shut_down_sending() noexcept {
  say_goodbye();
  if (!socket_sends_ && !sending_failed_) send_outgoing();
  if (socket_sends_) {
    shuts_down_ = true;
  } else {
    socket_->shut_down_sending();
  }
}

}  // namespace sallyport::tls
