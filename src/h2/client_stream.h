#pragma once
// One exchange with an upstream on a stream of a ClientConnection. What has arrived of a body and was not read is
// bounded by the window of the stream, what was written and has not left by one piece and a little more.
// Belongs to its exchange; the connection may end before it.

#include "async/event.h"
#include "base/arena.h"
#include "h2/client_connection.h"
#include "http/message.h"
#include "wire/client_exchange.h"
#include "wire/told_length.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::h2 {

class ClientStream final : public wire::ClientExchange {
 public:
  explicit ClientStream(ClientConnection& connection) : connection_(&connection) {}
  ~ClientStream() override;

  Status begin_request(const wire::RequestLine& line, const http::Headers& headers, http::BodyLength body,
                       const wire::ClientTimeouts& timeouts) override;
  async::Task<Status> write(http::Chunk piece, wire::BodyWriter::Flush flush) override;
  async::Task<Status> flush() override;
  void limit_reads(Milliseconds timeout) noexcept override { timeouts_.read = timeout; }
  async::Task<Status> read_head(http::ResponseHead& head) override;
  async::Task<Result<http::Chunk>> read_body() override;
  bool read_arrived(Result<http::Chunk>& piece) override;
  bool has_trailers() const noexcept override { return trailers_ && !trailers_->fields.empty(); }
  void trailers(http::Headers& into) const override;
  bool response_begun() const noexcept override { return response_begun_; }
  bool request_begun() const noexcept override { return has_left_ && !is_refused_; }
  const async::Stream* carrier() const noexcept override;
  void abort() noexcept override;

  // What the connection tells it, while no coroutine may be resumed.
  void fields_begin();
  bool field_arrived(std::string_view name, std::string_view value);
  void fields_end();
  void data_arrived(std::string_view bytes);
  void message_ended();
  void refused(int error);  // what arrived, by nghttp2
  void closed(std::uint32_t code, bool was_seen);
  void lost(const Error& error);  // with the connection
  Offer offer(std::size_t most);
  void take_offered(std::size_t bytes, std::string& to);

 private:
  friend class ClientConnection;
  struct Section {
    explicit Section(Arena& arena) : fields(arena) {}
    http::Headers fields;
    int status = 0;
    std::optional<std::uint64_t> length;
    std::size_t bytes = 0;
    bool ends_message = false;
  };

  std::size_t pending() const noexcept { return out_.size() - out_at_; }
  bool must_wait(bool for_all) const noexcept { return for_all ? !all_given_ : pending() > kGather; }
  async::Task<Status> wait_until_taken(bool for_all);
  bool take_head(http::ResponseHead& head, Status& result);
  void fill(http::ResponseHead& head, const Section& section) const;
  async::Task<Status> wait_for_head(http::ResponseHead& head);
  async::Task<Result<http::Chunk>> wait_for_piece();
  async::Task<bool> has_arrived();
  void give_back_window();
  void fail_with(ErrorCode code, std::string what);
  void reset(std::uint32_t code) noexcept;
  void tell_reader();
  void tell_writer();

  static constexpr std::size_t kGather = 16 * 1024;

  ClientConnection* connection_;  // null when it has ended
  StreamId id_ = 0;               // 0: not begun
  bool has_left_ = false;         // the request's head
  bool is_closed_ = false;        // nghttp2 knows the stream no more
  bool is_refused_ = false;       // the peer has not looked at it
  bool is_head_ = false;          // the method
  wire::ClientTimeouts timeouts_;
  std::optional<Error> failure_;

  Arena arena_;  // of sections
  std::optional<Section> arriving_;
  std::vector<Section> heads_;  // those of interim responses, and the final one
  std::size_t heads_read_ = 0;
  unsigned interims_ = 0;
  bool response_begun_ = false;
  bool has_final_head_ = false;
  std::optional<Section> trailers_;
  std::string in_;    // arrived, not read
  std::string lent_;  // the last piece
  bool is_ended_ = false;
  async::Event arrived_;

  wire::ToldLength length_;  // of the request
  std::string out_;
  std::size_t out_at_ = 0;
  bool has_last_piece_ = false;
  bool all_given_ = false;  // the body, to the connection
  std::optional<http::Headers> out_trailers_;
  async::Event taken_;
};

}  // namespace sallyport::h2
