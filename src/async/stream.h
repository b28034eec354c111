#pragma once
// A connected byte stream, completion-shaped: an operation is started, and its awaiter resumes when it is complete.
// Whoever implements it (epoll, io_uring, TLS over another stream) owns the buffers. A Stream belongs to one worker;
// at most one fill and one send are under way at a time; dropping an awaiter detaches its operation.

#include "base/clock.h"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::async {

enum class IoStatus : std::uint8_t {
  kOk,
  kEnd,      // the peer has sent everything it will send
  kTimeout,  // the deadline of this operation passed
  kReset,    // the connection broke
  kFull,     // the read buffer holds as much as it may; consume first
};

// One pending operation; the stream completes it by writing `status` and resuming `waiting`.
struct IoOperation {
  IoStatus status = IoStatus::kOk;
  std::coroutine_handle<> waiting;
};

// Told when the peer of a stream is gone while nobody reads from it.
class HangupListener {
 public:
  virtual void peer_gone() = 0;

 protected:
  ~HangupListener() = default;
};

class Stream {
 public:
  virtual ~Stream() = default;

  // What has arrived and was not consumed: contiguous, valid until the next fill or consume.
  virtual std::string_view unread() const = 0;
  virtual void consume(std::size_t bytes) = 0;
  // How many bytes `unread` may grow to (default 64 KiB); a fill beyond completes with kFull.
  virtual void set_read_limit(std::size_t bytes) = 0;

  // Starts an operation. True: complete at once, `operation.status` is set. False: it will resume `operation.waiting`.
  // A send takes up to kMostPieces pieces; their bytes stay valid until it is complete or forgotten.
  static constexpr std::size_t kMostPieces = 3;
  virtual bool start_fill(IoOperation& operation, Milliseconds timeout) = 0;
  virtual bool start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) = 0;
  virtual void forget(IoOperation& operation) noexcept = 0;
  // How many bytes the kernel has taken since the stream began, also of sends that failed or were forgotten.
  virtual std::uint64_t sent_bytes() const noexcept = 0;

  // `listener` is told once when the peer has gone while no fill is pending; null stops it.
  virtual void watch_hangup(HangupListener* listener) noexcept = 0;
  // Whether the peer has ended its side or broken the connection, as far as is known without reading.
  virtual bool is_gone() const noexcept = 0;
  // Whether the peer is there and has sent nothing that was not consumed, as far as is known without reading.
  virtual bool is_quiet() const noexcept = 0;

  // A pending fill completes with kTimeout from the loop, unless something arrives until then.
  virtual void expire_fill() noexcept = 0;
  // Breaks the connection off: pending operations complete with kReset or kEnd from the loop, never inside this call.
  virtual void abort() noexcept = 0;
  // When the stream ends, its peer sees that the connection broke, not an end; what it has not got by then is lost.
  virtual void break_at_end() noexcept = 0;
  // Sends FIN after what was sent; reading goes on.
  virtual void shut_down_sending() noexcept = 0;
  // Gives read buffers back while nothing is unread (idle connections).
  virtual void release_buffers() noexcept = 0;
  // Of this end, "ip:port"; asks the kernel. Empty: it is no socket.
  virtual std::string local_address() const { return {}; }

  // What awaiters of an operation of their own share; dropping one detaches the operation.
  class OwnOperation {
   public:
    OwnOperation(Stream& stream, Milliseconds timeout) : stream_(stream), timeout_(timeout) {}
    ~OwnOperation() {
      if (pending_) stream_.forget(operation_);
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      operation_.waiting = waiting;
      pending_ = true;
    }
    IoStatus await_resume() {
      pending_ = false;
      return operation_.status;
    }

   protected:
    Stream& stream_;
    Milliseconds timeout_;
    IoOperation operation_;

   private:
    bool pending_ = false;
  };

  class Fill final : public OwnOperation {
   public:
    using OwnOperation::OwnOperation;
    bool await_ready() { return stream_.start_fill(operation_, timeout_); }
  };

  class Send final : public OwnOperation {
   public:
    Send(Stream& stream, std::string_view a, std::string_view b, Milliseconds timeout)
        : OwnOperation(stream, timeout), pieces_{a, b} {}
    bool await_ready() { return stream_.start_send(operation_, pieces_, timeout_); }

   private:
    std::string_view pieces_[2];
  };

  // Waits for an operation that was started and is not complete; dropping the awaiter detaches it.
  class Pending {
   public:
    Pending(Stream& stream, IoOperation& operation) : stream_(stream), operation_(operation) {}
    ~Pending() {
      if (waiting_) stream_.forget(operation_);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      operation_.waiting = waiting;
      waiting_ = true;
    }
    IoStatus await_resume() noexcept {
      waiting_ = false;
      return operation_.status;
    }

   private:
    Stream& stream_;
    IoOperation& operation_;
    bool waiting_ = false;
  };
  Pending pending(IoOperation& operation) { return {*this, operation}; }

  // co_await stream.fill(timeout): kOk when at least one more byte is unread.
  Fill fill(Milliseconds timeout) { return {*this, timeout}; }
  // co_await stream.send(a, b, timeout): kOk when all of it was taken by the kernel; the bytes stay valid until then.
  Send send(std::string_view a, std::string_view b, Milliseconds timeout) { return {*this, a, b, timeout}; }
  Send send(std::string_view a, Milliseconds timeout) { return {*this, a, {}, timeout}; }
};

using StreamPtr = std::unique_ptr<Stream>;

}  // namespace sallyport::async
