#pragma once
// One stream of a client's connection: a request and its response, beside others. Made when the request begins to
// arrive; it lasts until both the stream has closed and whoever serves it is done.

#include "async/event.h"
#include "async/task.h"
#include "base/arena.h"
#include "base/clock.h"
#include "h2/server_head.h"
#include "h2/session.h"
#include "http/call.h"
#include "http/extended_connect.h"
#include "wire/server_exchange.h"
#include "wire/told_length.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::h2 {

class ServerConnection;

class ServerStream final : public wire::ServerExchange, private wire::IncomingBody {
 public:
  ServerStream(ServerConnection& connection, StreamId id);
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

  StreamId id() const noexcept { return id_; }
  // The request, whole but for its body, in `arena`, which is for all of the exchange.
  ServerHead& head() noexcept { return head_; }
  Arena& arena() noexcept { return arena_; }
  // Whether an extended CONNECT began it: what follows its head is no body and ends without trailers.
  bool is_tunnel() const noexcept { return http::is_extended_connect(head_.head()); }
  // Set from the loop when the client has given the exchange up before its response ended.
  async::Event& lost() noexcept { return lost_; }

  IncomingBody& body() noexcept override { return *this; }
  async::Task<Result<http::Chunk>> read_body() override;
  bool has_unread() const noexcept override { return !arrived_.empty() || !lent_.empty(); }
  async::Task<Status> send_interim(const http::ResponseHead& head) override;
  void begin_response(const http::ResponseHead& head, http::BodyLength length) override;
  async::Task<Status> write(http::Chunk piece, wire::BodyWriter::Flush flush) override;
  async::Task<Status> flush() override;
  bool takes_trailers_after(http::BodyLength told) const noexcept override { return !told.is_empty(); }
  void close_after_response() noexcept override {}  // what is left of the request is refused when it is served
  void break_off() noexcept override { breaks_off_ = true; }
  std::uint64_t sent_bytes() const noexcept override { return sent_bytes_; }

 private:
  friend class ServerConnection;

  async::Task<Result<http::Chunk>> read(Milliseconds timeout) override;
  bool read_arrived(Result<http::Chunk>& piece) override;
  Result<std::uint64_t> look_ahead() const override { return arrived_.size(); }
  bool ended() const noexcept override { return read_to_end_; }
  bool has_trailers() const noexcept override { return !trailers_.empty(); }
  void trailers(http::Headers& into) const override;

  async::Task<Result<http::Chunk>> wait_and_read(Milliseconds timeout);
  async::Task<Status> wait_until_taken();
  bool is_taken() const noexcept { return tail_.empty() && (!has_last_ || response_ended_); }
  Status taken();
  void forget_response() noexcept;
  bool has_piece() const noexcept;
  void finish_piece();
  std::unexpected<Error> broken(ErrorCode code, std::string what) const;

  // From its connection, while that takes in or gives out.
  void trailer_arrived(std::string_view name, std::string_view value);
  void data_arrived(std::string_view bytes) {
    arrived_ += bytes;
    arrived_in_all_ += bytes.size();
  }
  void request_ended() noexcept { request_ended_ = true; }
  void closed() noexcept { closed_ = true; }
  Offer offer(std::size_t most) const noexcept;
  void take(std::size_t bytes, std::string& to);
  void frame_sent(const nghttp2_frame_hd& head);
  bool passes_limits(std::string_view name, std::string_view value) noexcept;
  // Afterwards: resumes one who waits for what has come about; false: there was none. True: the stream may be gone.
  bool wake();
  // Whether it has waited for too long.
  void check_deadline(SteadyTime now);
  bool is_too_slow(SteadyTime now) const;

  ServerConnection& connection_;
  const StreamId id_;
  Arena arena_;
  ServerHead head_;
  async::Event lost_;

  std::string arrived_;  // of the body, unread
  std::string lent_;     // the piece that was read last
  std::uint64_t arrived_in_all_ = 0;
  http::OwnedFields trailers_;
  std::size_t trailer_bytes_ = 0;
  bool request_ended_ = false;  // by the client
  bool read_to_end_ = false;
  bool read_late_ = false;
  bool reading_ = false;
  SteadyTime read_by_;
  async::Event readable_;

  wire::ToldLength length_;  // of the response
  std::string gathered_;     // of its body, to leave ...
  std::size_t gathered_at_ = 0;
  std::string_view tail_;  // ... then this, which belongs to whoever writes
  const http::Headers* response_trailers_ = nullptr;
  bool has_last_ = false;
  bool response_begun_ = false;
  bool response_ended_ = false;
  bool breaks_off_ = false;
  bool write_late_ = false;
  bool writing_ = false;
  SteadyTime write_by_;
  SteadyTime write_since_;
  std::uint64_t write_from_ = 0;          // the connection's bytes by then
  SteadyTime::duration write_waited_{0};  // before that ...
  std::uint64_t write_bytes_ = 0;         // ... while the connection took so much
  async::Event taken_;
  std::uint64_t sent_bytes_ = 0;

  bool is_trailing_ = false;  // the head has come; what fields come now are trailers
  bool serving_ = false;      // from now on `arena_` belongs to whoever serves
  bool served_ = false;
  bool closed_ = false;
};

}  // namespace sallyport::h2
