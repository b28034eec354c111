#pragma once
// The upstream's side of HTTP/2 (RFC 9113): one connection that carries many exchanges at once, a stream each.
// Belongs to the worker of its socket. What an upstream may cost is bounded: the bytes of field sections and their
// number, interim responses, what is kept of a body that nobody reads, and frames that bring nothing on.

#include "async/event.h"
#include "async/reactor.h"
#include "async/stream.h"
#include "async/task_group.h"
#include "h2/session.h"
#include "wire/client_exchange.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::h2 {

class ClientStream;
class FieldBlock;

class ClientConnection final : private SessionListener {
 public:
  // `scheme` is what requests say in `:scheme`; a literal.
  ClientConnection(async::Reactor& reactor, async::StreamPtr socket, std::string_view scheme);
  // Not from what it resumes or calls. Streams that are left fail.
  ~ClientConnection();

  // Begins the connection; done when the peer's settings have come, so that it is known to speak HTTP/2 and how many
  // streams it takes. Error, side upstream: kTimeout, kClosed, kProtocol.
  async::Task<Status> open(Milliseconds timeout);

  // Whether another exchange may begin now: the peer lets it, and nothing speaks against the connection.
  bool has_room() const noexcept;
  // One exchange; when it is dropped before its messages have ended, its stream is reset.
  std::unique_ptr<wire::ClientExchange> begin_exchange();
  std::uint64_t exchanges() const noexcept { return exchanges_; }  // begun so far

  // Whether no further exchange will ever begin on it.
  bool is_over() const noexcept { return failure_ || goes_away_; }
  // Exchanges that hold a stream, or streams that the peer has not let go.
  bool is_busy() const noexcept { return !streams_.empty() || open_ != 0; }
  SteadyTime idle_since() const noexcept { return idle_since_; }  // while it is not busy

  // `listener` is called from the loop when there is room again, and when the connection is over.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }
  // Once a second: ends a connection whose peer does not answer when it is asked whether it lives.
  void look_after();
  // Tells the peer that nothing more will come.
  void say_goodbye();
  const async::Stream& socket() const noexcept { return *socket_; }

 private:
  friend class ClientStream;
  static constexpr Milliseconds kLong{24 * 3600 * 1000};

  bool frame_begins(const nghttp2_frame_hd& head) noexcept override;
  void fields_begin(const nghttp2_frame& frame) noexcept override;
  bool field_arrived(StreamId stream, std::string_view name, std::string_view value) noexcept override;
  void frame_arrived(const nghttp2_frame& frame) noexcept override;
  void data_arrived(StreamId stream, std::string_view bytes) noexcept override;
  void frame_refused(const nghttp2_frame& frame, int error) noexcept override;
  void frame_sent(const nghttp2_frame& frame) noexcept override;
  void stream_closed(StreamId stream, std::uint32_t code) noexcept override;
  Offer offer(StreamId stream, std::size_t most) noexcept override;
  void take_offered(StreamId stream, std::size_t bytes, std::string& to) noexcept override;

  // For its streams.
  Result<StreamId> submit(const FieldBlock& request, bool has_body, ClientStream& stream);
  void leave(ClientStream& stream) noexcept;
  void doubt();  // the peer has not answered in time: asks it whether it lives
  void send();   // what is there to be sent, unless a send is under way
  void wake(async::Event& event) { woken_.push_back(&event); }
  void wake_later();

  ClientStream* find(StreamId stream) noexcept;
  async::Task<void> read_all();
  Status take_in();
  async::Task<void> end_send();
  void sent(async::IoStatus status);
  void lose(Error error);
  Error broken(std::string_view how) const;
  void end_if_over();
  void wake_all();
  void note_room() noexcept;
  std::size_t most_streams() const noexcept;

  async::Reactor& reactor_;
  async::StreamPtr socket_;
  std::string_view scheme_;
  Session session_;

  std::vector<ClientStream*> streams_;  // held by exchanges
  std::size_t open_ = 0;                // streams that the peer knows and that are not closed
  std::size_t waiting_ = 0;             // exchanges whose head has not left
  std::uint64_t exchanges_ = 0;
  unsigned idle_frames_ = 0;  // since the last that brought something on
  bool has_settings_ = false;
  bool goes_away_ = false;
  StreamId last_taken_ = 0;  // of the peer's GOAWAY
  std::optional<Error> failure_;
  std::optional<SteadyTime> doubted_since_;
  SteadyTime idle_since_;

  std::string output_;
  async::IoOperation sending_;
  bool sends_ = false;
  bool is_in_session_ = false;

  std::function<void()> listener_;
  async::Event opened_;
  std::vector<async::Event*> woken_;  // to be set when no function of the session is under way
  bool wakes_ = false;
  bool has_changed_ = false;
  std::shared_ptr<ClientConnection*> self_;  // for messages to the loop: null when this has ended
  async::TaskGroup tasks_;                   // last: they use everything above
};

}  // namespace sallyport::h2
