#pragma once
// A Stream in memory for unit tests, which play its peer, its network and its clock; no part of the product.
// Unread bytes move to new memory with every fill and consume, so that a sanitizer sees a view that was kept too long.

#include "async/stream.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::async {

// The far end of one MemoryStream. The stream may end before its peer.
class MemoryPeer {
 public:
  class MemoryStream;

  StreamPtr stream();

  // What the peer does. What waits for it is completed before the call returns.
  void send(std::string_view bytes);
  void end();    // FIN
  void reset();  // RST
  // Lets the stream send so many bytes more; at first there is no limit.
  void take(std::size_t bytes);
  void take_no_more() { room_ = 0; }

  // What the network and the clock do.
  void let_fill_time_out();
  void let_send_time_out();

  const std::string& received() const { return received_; }
  std::string take_received() { return std::exchange(received_, {}); }
  bool sees_end() const { return sees_end_; }  // FIN, or the stream is gone
  bool stream_is_gone() const { return !stream_; }
  bool sees_break() const { return !stream_ && breaks_; }
  bool stream_fills() const;
  bool stream_sends() const;
  Milliseconds fill_timeout() const { return fill_timeout_; }  // of the last fill that had to wait
  std::size_t sends() const { return sends_; }                 // operations, not bytes

 private:
  MemoryStream* stream_ = nullptr;
  std::string in_flight_;  // sent by the peer, not read by the stream
  std::string received_;
  std::size_t room_ = std::string::npos;
  bool ended_ = false;
  bool broken_ = false;
  bool sees_end_ = false;
  bool breaks_ = false;
  Milliseconds fill_timeout_{0};
  std::size_t sends_ = 0;
};

class MemoryPeer::MemoryStream final : public Stream {
 public:
  explicit MemoryStream(MemoryPeer& peer) : peer_(peer) {}
  ~MemoryStream() override {
    peer_.stream_ = nullptr;
    peer_.sees_end_ = true;
  }

  std::string_view unread() const override { return {unread_.data(), unread_.size()}; }
  void consume(std::size_t bytes) override { unread_ = std::vector<char>(unread_.begin() + bytes, unread_.end()); }
  void set_read_limit(std::size_t bytes) override { read_limit_ = bytes; }

  bool start_fill(IoOperation& operation, Milliseconds timeout) override {
    if (read(operation.status)) return true;
    fill_ = &operation;
    peer_.fill_timeout_ = timeout;
    return false;
  }
  bool start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds) override {
    ++peer_.sends_;
    sending_.assign(pieces.begin(), pieces.end());
    if (write(operation.status)) return true;
    send_ = &operation;
    return false;
  }
  void forget(IoOperation& operation) noexcept override {
    if (fill_ == &operation) fill_ = nullptr;
    if (send_ == &operation) send_ = nullptr;
  }
  void watch_hangup(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool is_gone() const noexcept override { return peer_.ended_ || peer_.broken_; }
  bool is_quiet() const noexcept override { return !is_gone() && peer_.in_flight_.empty() && unread_.empty(); }
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }
  void expire_fill() noexcept override { peer_.fill_timeout_ = Milliseconds(0); }
  void abort() noexcept override { peer_.sees_end_ = true; }
  void break_at_end() noexcept override { peer_.breaks_ = true; }
  void shut_down_sending() noexcept override { peer_.sees_end_ = true; }
  void release_buffers() noexcept override {}

 private:
  friend class MemoryPeer;

  bool read(IoStatus& status) {
    if (peer_.broken_) return status = IoStatus::kReset, true;
    if (unread_.size() >= read_limit_) return status = IoStatus::kFull, true;
    if (peer_.in_flight_.empty()) return status = IoStatus::kEnd, peer_.ended_;
    std::size_t bytes = std::min(peer_.in_flight_.size(), read_limit_ - unread_.size());
    std::vector<char> more(unread_);
    more.insert(more.end(), peer_.in_flight_.begin(), peer_.in_flight_.begin() + static_cast<std::ptrdiff_t>(bytes));
    unread_ = std::move(more);
    peer_.in_flight_.erase(0, bytes);
    return status = IoStatus::kOk, true;
  }

  bool write(IoStatus& status) {
    if (peer_.broken_) return status = IoStatus::kReset, true;
    for (std::string_view& piece : sending_) {
      std::size_t bytes = std::min(piece.size(), peer_.room_);
      peer_.received_.append(piece.substr(0, bytes));
      piece.remove_prefix(bytes);
      sent_bytes_ += bytes;
      if (peer_.room_ != std::string::npos) peer_.room_ -= bytes;
      if (!piece.empty()) return false;
    }
    return status = IoStatus::kOk, true;
  }

  // The resumed coroutine may end this stream.
  static void complete(IoOperation*& pending, IoStatus status) {
    IoOperation* operation = std::exchange(pending, nullptr);
    operation->status = status;
    operation->waiting.resume();
  }
  void try_fill() {
    IoStatus status;
    if (fill_ && read(status)) complete(fill_, status);
  }
  void try_send() {
    IoStatus status;
    if (send_ && write(status)) complete(send_, status);
  }
  void report_hangup() {
    if (!fill_ && hangup_) std::exchange(hangup_, nullptr)->peer_gone();
  }

  MemoryPeer& peer_;
  std::vector<char> unread_;
  std::size_t read_limit_ = 64 * 1024;
  std::uint64_t sent_bytes_ = 0;
  std::vector<std::string_view> sending_;
  IoOperation* fill_ = nullptr;
  IoOperation* send_ = nullptr;
  HangupListener* hangup_ = nullptr;
};

inline StreamPtr MemoryPeer::stream() {
  auto made = std::make_unique<MemoryStream>(*this);
  stream_ = made.get();
  return made;
}

inline void MemoryPeer::send(std::string_view bytes) {
  in_flight_.append(bytes);
  if (stream_) stream_->try_fill();
}

inline void MemoryPeer::end() {
  ended_ = true;
  bool nobody_reads = stream_ && !stream_->fill_;
  if (stream_) stream_->try_fill();
  if (stream_ && nobody_reads) stream_->report_hangup();
}

inline void MemoryPeer::reset() {
  broken_ = true;
  bool nobody_reads = stream_ && !stream_->fill_;
  if (stream_) stream_->try_send();
  if (stream_) stream_->try_fill();
  if (stream_ && nobody_reads) stream_->report_hangup();
}

inline void MemoryPeer::take(std::size_t bytes) {
  room_ += bytes;
  if (stream_) stream_->try_send();
}

inline void MemoryPeer::let_fill_time_out() { MemoryStream::complete(stream_->fill_, IoStatus::kTimeout); }
inline void MemoryPeer::let_send_time_out() { MemoryStream::complete(stream_->send_, IoStatus::kTimeout); }
inline bool MemoryPeer::stream_fills() const { return stream_ && stream_->fill_; }
inline bool MemoryPeer::stream_sends() const { return stream_ && stream_->send_; }

}  // namespace sallyport::async
