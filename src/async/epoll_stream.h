#pragma once
// A TCP or unix stream on the epoll loop: reads into pooled buffers, writes straight from the caller's bytes.

#include "async/epoll_reactor.h"
#include "async/outgoing_pieces.h"
#include "async/stream.h"

#include <memory>

namespace sallyport::async {

class EpollStream final : public Stream, private EpollReactor::Source {
 public:
  enum class State { kConnected, kConnecting };
  EpollStream(EpollReactor& reactor, int fd, State state);
  ~EpollStream() override;

  std::string_view unread() const override { return {buffer_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) override;
  void set_read_limit(std::size_t bytes) override { read_limit_ = bytes; }
  bool start_fill(IoOperation& operation, Milliseconds timeout) override;
  bool start_send(IoOperation& operation, std::span<const std::string_view> pieces, Milliseconds timeout) override;
  void forget(IoOperation& operation) noexcept override;
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }
  void watch_hangup(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool is_gone() const noexcept override { return ended_ || broken_; }
  bool is_quiet() const noexcept override { return !is_gone() && !readable_ && begin_ == end_; }
  void expire_fill() noexcept override;
  void abort() noexcept override;
  void break_at_end() noexcept override;
  void shut_down_sending() noexcept override;
  void release_buffers() noexcept override;

  int last_error() const noexcept { return error_; }
  std::string local_address() const override;
  int fd() const noexcept { return fd_; }  // for socket options; owned by the stream

 private:
  // The deadline of one direction's pending operation.
  class Timeout final : public Deadline {
   public:
    Timeout(EpollStream& stream, IoOperation* EpollStream::* pending) : stream_(stream), pending_(pending) {}
    void expire() override;

   private:
    EpollStream& stream_;
    IoOperation* EpollStream::* pending_;
  };

  void on_events(std::uint32_t events) override;
  bool read_some(IoStatus& status);
  bool make_room();
  bool send_some(IoStatus& status);
  bool finish_connecting(IoStatus& status);
  void complete(IoOperation*& pending, IoStatus status);

  EpollReactor& reactor_;
  int fd_;
  bool connecting_;
  bool readable_ = false;  // the kernel may have bytes for us
  bool ended_ = false;     // FIN was seen
  bool broken_ = false;
  int error_ = 0;
  HangupListener* hangup_ = nullptr;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t read_limit_;
  bool reads_fill_buffer_ = false;  // then the next buffer is a large one

  IoOperation* fill_ = nullptr;
  IoOperation* send_ = nullptr;
  OutgoingPieces sending_;
  std::uint64_t sent_bytes_ = 0;
  Timeout fill_timeout_{*this, &EpollStream::fill_};
  Timeout send_timeout_{*this, &EpollStream::send_};
  bool* destroyed_ = nullptr;  // set while on_events runs
};

}  // namespace sallyport::async
