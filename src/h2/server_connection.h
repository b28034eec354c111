#pragma once
// A client's connection of HTTP/2 (RFC 9113): many requests at a time, a stream each. It reads and writes the socket,
// keeps what a client may cost within its limits, and has every request served that is worth it.
// Belongs to the worker of its stream.

#include "async/event.h"
#include "async/reactor.h"
#include "async/stream.h"
#include "async/task.h"
#include "async/task_group.h"
#include "h2/server_budget.h"
#include "h2/server_ids.h"
#include "h2/server_limits.h"
#include "h2/server_stream.h"
#include "h2/session.h"
#include "wire/server_connection.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::h2 {

class FieldBlock;
class ServerConnection;

// Who serves the requests of a connection.
class ServerHandler {
 public:
  // One request, whose head has arrived. Dropped only with the connection.
  virtual async::Task<void> serve(ServerStream& stream) = 0;
  // The connection has something to send: `ServerConnection::send` is to be called before the loop waits again.
  virtual void has_output(ServerConnection& connection) = 0;
  // Requests are under way again, or no longer.
  virtual void is_busy(bool busy) = 0;

 protected:
  ~ServerHandler() = default;
};

class ServerConnection final : private SessionListener {
 public:
  // What of the times of HTTP/1 fits: keep_alive counts while no request is under way, head_arrival for each head.
  ServerConnection(async::Reactor& reactor, async::StreamPtr stream, const wire::ServerLimits& times,
                   const ServerLimits& limits, ServerHandler& handler);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  // Serves the connection until it ends.
  async::Task<void> run();
  // Sends what there is, as one.
  void send() { output_.set(); }

  // The connection takes no more requests, in the two steps of RFC 9113 6.8: the client is told, then, once what it had
  // sent by then has surely arrived, `refuse_more` says which request was the last. It ends with the last response.
  void announce_end();
  void refuse_more();

  // Why we ended it, for the log; empty: because of nothing that the client has done.
  const std::string& failure() const noexcept { return failure_; }
  // What the client was told then (RFC 9113 7); NO_ERROR: something came too late.
  std::uint32_t failure_code() const noexcept { return failure_code_; }
  async::Stream& stream() noexcept { return *stream_; }

  // For its streams.
  const ServerLimits& limits() const noexcept { return limits_; }
  const wire::ServerLimits& times() const noexcept { return times_; }
  SteadyTime now() const { return reactor_.now(); }
  void consume(StreamId stream, std::size_t bytes);
  void resume(StreamId stream);
  void send_interim(StreamId stream, const FieldBlock& fields);
  void send_response(StreamId stream, const FieldBlock& fields, bool has_body);

 private:
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

  void introduce();
  async::Task<bool> receive();
  async::Task<void> write_all();
  async::Task<void> part();
  async::Task<void> serve(ServerStream& stream);
  void end_stream(ServerStream& stream);
  void head_arrived(StreamId id, bool ends);
  void start_ready();
  void settle();
  void look_after();
  void has_output();
  void touched(StreamId stream) { touched_.push_back(stream); }
  void terminate(std::uint32_t code, std::string_view why);
  void lose_streams();
  void goaway_sent(std::uint32_t code);
  void count_reset();
  bool is_over() noexcept;
  void count_busy(int change);
  ServerStream* find(StreamId stream) noexcept;
  Milliseconds longest_wait() const;
  bool is_late(SteadyTime now);

  async::Reactor& reactor_;
  async::StreamPtr stream_;
  const wire::ServerLimits& times_;
  const ServerLimits& limits_;
  ServerHandler& handler_;
  ServerBudget budget_;
  ServerIds ids_;
  Session session_;

  std::unordered_map<StreamId, std::unique_ptr<ServerStream>> streams_;
  std::vector<StreamId> ready_;           // whose heads have arrived
  std::vector<StreamId> touched_;         // to which something has happened that somebody may wait for
  std::size_t busy_ = 0;                  // requests that are served
  std::unique_ptr<async::Timer> minder_;  // while there are some

  std::string failure_;
  std::uint32_t failure_code_ = NGHTTP2_NO_ERROR;
  bool wants_to_send_ = false;  // the handler was told
  bool broken_ = false;         // nothing more can be sent
  bool ended_ = false;          // terminated
  bool refuses_more_ = false;
  SteadyTime idle_since_;
  std::optional<SteadyTime> head_since_;      // fields are arriving
  std::optional<SteadyTime> settings_since_;  // ours have not been acknowledged

  async::Event output_;
  bool all_sent_ = false;  // what there is at present
  std::string outgoing_;
  async::TaskGroup tasks_;  // last: they use everything above
};

}  // namespace sallyport::h2
