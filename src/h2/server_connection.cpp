#include "h2/server_connection.h"

#include "h2/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::h2 {

using async::IoStatus;

namespace {

constexpr std::size_t kSendAtOnce = 64 * 1024;
constexpr Milliseconds kSettingsTime{10'000};
constexpr Milliseconds kLongestLook{1'000};

Session::Limits session_limits(const ServerLimits& limits) {
  Session::Limits session;
  session.resets = limits.resets.at_once + 1;  // ours come first
  session.resets_per_second = limits.resets.per_second + 1;
  return session;
}

}  // namespace

ServerConnection::ServerConnection(async::Reactor& reactor, async::StreamPtr stream, const wire::ServerLimits& times,
                                   const ServerLimits& limits, ServerHandler& handler)
    : reactor_(reactor),
      stream_(std::move(stream)),
      times_(times),
      limits_(limits),
      handler_(handler),
      budget_(limits, reactor.now()),
      session_(Session::Role::kServer, session_limits(limits), *this),
      idle_since_(reactor.now()) {}

ServerConnection::~ServerConnection() = default;

void ServerConnection::introduce() {
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.head_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  }};
  nghttp2_submit_settings(session_.raw(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_.raw(), NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits_.connection_window));
  settings_since_ = now();
}

async::Task<void> ServerConnection::run() {
  introduce();
  tasks_.spawn(write_all());
  has_output();
  while (co_await receive()) {
    start_ready();
    settle();
    if (is_over()) break;
  }
  lose_streams();
  settle();
  co_await part();
}

// Takes in what arrives next. False: nothing more will, or is wanted.
async::Task<bool> ServerConnection::receive() {
  for (;;) {
    if (is_late(now()) || is_over()) co_return false;
    if (!stream_->unread().empty()) break;
    IoStatus status = co_await stream_->fill(longest_wait());
    if (status != IoStatus::kOk && status != IoStatus::kTimeout) {
      broken_ = true;
      co_return false;
    }
  }
  Status taken = session_.receive(stream_->unread());
  stream_->consume(stream_->unread().size());
  if (!taken) {
    bool is_flood = taken.error().code == ErrorCode::kLimit;
    terminate(is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR, taken.error().what);
  }
  has_output();
  co_return taken.has_value();
}

// Until the next thing that may be late.
Milliseconds ServerConnection::longest_wait() const {
  SteadyTime next = now() + times_.keep_alive;
  if (busy_ == 0) next = idle_since_ + times_.keep_alive;
  if (head_since_) next = std::min(next, *head_since_ + times_.head_arrival);
  if (settings_since_) next = std::min(next, *settings_since_ + kSettingsTime);
  return reactor_.until(next);
}

bool ServerConnection::is_late(SteadyTime now) {
  if (settings_since_ && now >= *settings_since_ + kSettingsTime) {
    terminate(NGHTTP2_SETTINGS_TIMEOUT, "the client did not acknowledge our SETTINGS in time");
  } else if (head_since_ && now >= *head_since_ + times_.head_arrival) {
    terminate(NGHTTP2_NO_ERROR, "the head of a request did not arrive in time");
  } else if (busy_ == 0 && now >= idle_since_ + times_.keep_alive) {
    terminate(NGHTTP2_NO_ERROR, {});
  }
  return ended_;
}

async::Task<void> ServerConnection::write_all() {
  for (;;) {
    outgoing_.clear();
    if (!session_.produce(outgoing_, kSendAtOnce)) break;
    const bool is_idle = outgoing_.empty();
    if (is_idle) {
      wants_to_send_ = false;
      output_.reset();
    }
    settle();  // which may lead to more output, and tell of it
    if (!is_idle) {
      if (co_await stream_->send(outgoing_, times_.send) != IoStatus::kOk) break;
      continue;
    }
    all_sent_ = true;
    if (is_over()) stream_->expire_fill();  // `run`, which may end all this, is resumed from the loop
    co_await output_;
    all_sent_ = false;
  }
  broken_ = true;
  stream_->abort();
}

// What is left leaves, as far as the client takes it, and the client may read it.
async::Task<void> ServerConnection::part() {
  constexpr Milliseconds kLongest{1'000};
  ended_ = true;
  send();
  const SteadyTime deadline = now() + kLongest;
  bool is_shut = false;
  while (!broken_ && now() < deadline) {
    if (all_sent_ && !std::exchange(is_shut, true)) stream_->shut_down_sending();
    stream_->consume(stream_->unread().size());
    IoStatus status = co_await stream_->fill(reactor_.until(deadline));
    if (status != IoStatus::kOk && status != IoStatus::kTimeout) co_return;
  }
}

void ServerConnection::has_output() {
  if (std::exchange(wants_to_send_, true)) return;
  handler_.has_output(*this);
}

bool ServerConnection::is_over() noexcept {
  return ended_ || broken_ || (busy_ == 0 && !session_.wants_to_receive() && !session_.wants_to_send());
}

void ServerConnection::terminate(std::uint32_t code, std::string_view why) {
  if (std::exchange(ended_, true)) return;
  if (failure_.empty()) {
    failure_ = why;
    failure_code_ = code;
  }
  nghttp2_session_terminate_session(session_.raw(), code);
}

void ServerConnection::announce_end() {
  nghttp2_submit_shutdown_notice(session_.raw());
  has_output();
}

void ServerConnection::refuse_more() {
  if (std::exchange(refuses_more_, true)) return;
  std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.raw());
  nghttp2_submit_goaway(session_.raw(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  has_output();
}

ServerStream* ServerConnection::find(StreamId stream) noexcept {
  auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

// Requests that were reset as soon as they had arrived are gone by now and cost nobody anything.
void ServerConnection::start_ready() {
  for (StreamId id : std::exchange(ready_, {})) {
    ServerStream* stream = find(id);
    if (!stream || ended_) continue;
    stream->serving_ = true;
    count_busy(+1);
    tasks_.spawn(serve(*stream));
  }
}

async::Task<void> ServerConnection::serve(ServerStream& stream) {
  // A body that was told to be empty has to be, before anybody acts on the request.
  bool is_whole = stream.request_ended_ || stream.head().head().body.kind != http::BodyLength::Kind::kSized ||
                  stream.head().head().body.bytes != 0;
  if (!is_whole) is_whole = (co_await stream.read_body()).has_value();
  if (is_whole) co_await handler_.serve(stream);
  end_stream(stream);
}

// What did not end well ends now. An answer without a look at the rest of the request is whole (RFC 9113 8.1).
void ServerConnection::end_stream(ServerStream& stream) {
  stream.served_ = true;
  stream.forget_response();
  count_busy(-1);
  if (stream.closed_) {
    streams_.erase(stream.id());
    return;
  }
  bool is_fine = stream.response_ended_ && !stream.breaks_off_;
  session_.consume(stream.id(), stream.arrived_.size() + stream.lent_.size());
  stream.arrived_.clear();
  stream.lent_.clear();
  // RFC 8441 5: CANCEL stands for the RST of a connection.
  const std::uint32_t broken = stream.is_tunnel() ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
  session_.reset(stream.id(), is_fine ? NGHTTP2_NO_ERROR : broken);
  has_output();
}

void ServerConnection::count_busy(int change) {
  bool was_busy = busy_ != 0;
  busy_ += static_cast<std::size_t>(change);
  bool is_busy = busy_ != 0;
  if (was_busy == is_busy) return;
  handler_.is_busy(is_busy);
  if (!is_busy) {
    idle_since_ = now();
    minder_.reset();
    if (refuses_more_) has_output();
    return;
  }
  Milliseconds look = std::clamp(std::min(times_.body_piece, times_.send) / 2, Milliseconds(10), kLongestLook);
  minder_ = reactor_.start_timer(look, async::Reactor::Repeat::kEvery, [this] { look_after(); });
}

// Streams have no timers of their own; their times are long and need not be exact.
void ServerConnection::look_after() {
  for (const auto& [id, stream] : streams_) {
    stream->check_deadline(now());
    touched(id);
  }
  if (is_late(now())) {
    has_output();
    stream_->expire_fill();
  }
  settle();
}

// Resumes who waits, now that nghttp2 is not at work.
void ServerConnection::settle() {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    StreamId id = touched_[i];
    ServerStream* stream = find(id);
    while (stream && stream->wake()) stream = find(id);
    bool is_done = stream && stream->closed_ && (stream->served_ || !stream->serving_);
    if (is_done) streams_.erase(id);
  }
  touched_.clear();
}

void ServerConnection::lose_streams() {
  for (const auto& [id, stream] : streams_) {
    stream->closed();
    touched(id);
  }
  ready_.clear();
}

void ServerConnection::consume(StreamId stream, std::size_t bytes) {
  session_.consume(stream, bytes);
  if (session_.wants_to_send()) has_output();
}

void ServerConnection::resume(StreamId stream) {
  session_.resume(stream);
  has_output();
}

void ServerConnection::send_interim(StreamId stream, const FieldBlock& fields) {
  nghttp2_submit_headers(session_.raw(), NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(), fields.size(), nullptr);
  has_output();
}

void ServerConnection::send_response(StreamId stream, const FieldBlock& fields, bool has_body) {
  nghttp2_data_provider provider = session_.body_provider();
  nghttp2_submit_response(session_.raw(), stream, fields.data(), fields.size(), has_body ? &provider : nullptr);
  has_output();
}

bool ServerConnection::frame_begins(const nghttp2_frame_hd& head) noexcept {
  head_since_.reset();
  if (head.type == NGHTTP2_HEADERS) head_since_ = now();
  if (head.type == NGHTTP2_HEADERS && !ids_.accept(head.stream_id)) {
    terminate(NGHTTP2_PROTOCOL_ERROR, "the client opened streams in a wrong order");
    return false;
  }
  if (budget_.frame_begins(head, now())) return true;
  terminate(NGHTTP2_ENHANCE_YOUR_CALM,
            fmt::format("too many frames that bring nothing on, the last of type {}", head.type));
  return false;
}

void ServerConnection::fields_begin(const nghttp2_frame& frame) noexcept {
  StreamId id = frame.hd.stream_id;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    const ServerStream* stream = find(id);
    if (stream && stream->is_tunnel()) session_.reset(id, NGHTTP2_PROTOCOL_ERROR);  // RFC 9113 8.5
    return;
  }
  streams_[id] = std::make_unique<ServerStream>(*this, id);
  budget_.request_began();
}

bool ServerConnection::field_arrived(StreamId id, std::string_view name, std::string_view value) noexcept {
  ServerStream* stream = find(id);
  if (!stream) return true;
  if (!stream->is_trailing_) {
    stream->head().add(name, value);
    return true;
  }
  if (!stream->passes_limits(name, value)) return false;
  stream->trailer_arrived(name, value);
  return true;
}

void ServerConnection::head_arrived(StreamId id, bool ends) {
  ServerStream& stream = *find(id);
  stream.head().finish(ends);
  stream.is_trailing_ = true;
  stream.request_ended_ = stream.read_to_end_ = ends;
  ready_.push_back(id);
}

void ServerConnection::frame_arrived(const nghttp2_frame& frame) noexcept {
  head_since_.reset();
  bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) settings_since_.reset();
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  ServerStream* stream = find(frame.hd.stream_id);
  if (!stream) return;
  if (!stream->is_trailing_) return head_arrived(frame.hd.stream_id, ends);
  const bool is_mistaken = frame.hd.type == NGHTTP2_HEADERS && stream->is_tunnel();
  if (!ends || is_mistaken) return;
  stream->request_ended();
  touched(frame.hd.stream_id);
}

void ServerConnection::data_arrived(StreamId id, std::string_view bytes) noexcept {
  ServerStream* stream = find(id);
  if (!stream || stream->served_) return session_.consume(id, bytes.size());
  stream->data_arrived(bytes);
  touched(id);
}

void ServerConnection::frame_refused(const nghttp2_frame&, int) noexcept { head_since_.reset(); }

void ServerConnection::frame_sent(const nghttp2_frame& frame) noexcept {
  if (frame.hd.type == NGHTTP2_DATA) budget_.data_sent();
  if (frame.hd.type == NGHTTP2_GOAWAY) goaway_sent(frame.goaway.error_code);
  ServerStream* stream = find(frame.hd.stream_id);
  if (!stream) {
    if (frame.hd.type == NGHTTP2_RST_STREAM) count_reset();  // of one that was refused, or is long gone
    return;
  }
  stream->frame_sent(frame.hd);
  touched(frame.hd.stream_id);
}

// With an error, also one that nghttp2 found by itself, it is the end of all streams, also of those under way (RFC 9113
// 5.4.1).
void ServerConnection::goaway_sent(std::uint32_t code) {
  if (code == NGHTTP2_NO_ERROR || std::exchange(ended_, true)) return;
  failure_ = fmt::format("HTTP/2: {}", name_of_code(code));
}

void ServerConnection::count_reset() {
  if (budget_.stream_was_reset(now())) return;
  terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many requests were given up before they were answered");
}

// The budget is for streams that ended before their response did; those which we ended by ourselves, in spite of an
// innocent client, were served.
void ServerConnection::stream_closed(StreamId id, std::uint32_t) noexcept {
  head_since_.reset();
  ServerStream* stream = find(id);
  if (!stream) return;
  if (!stream->served_ && !stream->response_ended_) count_reset();
  session_.consume(id, stream->arrived_.size() + stream->lent_.size());
  stream->closed();
  touched(id);
}

Offer ServerConnection::offer(StreamId id, std::size_t most) noexcept {
  ServerStream* stream = find(id);
  return stream ? stream->offer(most) : Offer{};
}

void ServerConnection::take_offered(StreamId id, std::size_t bytes, std::string& to) noexcept {
  find(id)->take(bytes, to);
  touched(id);
}

}  // namespace sallyport::h2
