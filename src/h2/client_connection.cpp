#include "h2/client_connection.h"

#include "async/set_within.h"
#include "h2/client_stream.h"
#include "h2/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::h2 {

using async::IoStatus;

namespace {

constexpr std::size_t kBatch = 64 * 1024;  // bytes of one send
constexpr std::size_t kMostStreams = 250;  // at once, where the peer allows more
constexpr unsigned kMostIdleFrames = 1000;
constexpr std::uint32_t kHeadBytes = 64 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
constexpr Milliseconds kSendTimeout{60'000};
constexpr Milliseconds kMostDoubt{10'000};

std::unexpected<Error> upstream_error(ErrorCode code, std::string what) {
  return fail(Error{code, std::move(what), Side::kUpstream, Retry::kNever});
}

// What a stream stands for whose exchange was dropped after its head had left.
char dropped_stream;

void begin_session(nghttp2_session* session) {
  std::array<nghttp2_settings_entry, 2> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeadBytes}}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

}  // namespace

ClientConnection::ClientConnection(async::Reactor& reactor, async::StreamPtr socket, std::string_view scheme)
    : reactor_(reactor),
      socket_(std::move(socket)),
      scheme_(scheme),
      session_(Session::Role::kClient, {}, *this),
      idle_since_(reactor.now()),
      self_(std::make_shared<ClientConnection*>(this)) {}

ClientConnection::~ClientConnection() {
  *self_ = nullptr;
  for (ClientStream* stream : streams_) {
    stream->lost(Error{ErrorCode::kClosed, "the connection to the upstream has ended", Side::kUpstream});
    stream->connection_ = nullptr;
  }
}

async::Task<Status> ClientConnection::open(Milliseconds timeout) {
  begin_session(session_.raw());
  send();
  tasks_.spawn(read_all());
  const bool in_time = has_settings_ || failure_ || co_await async::set_within(reactor_, opened_, timeout);
  if (failure_) co_return fail(*failure_);
  if (!in_time) co_return upstream_error(ErrorCode::kTimeout, "the upstream did not begin HTTP/2 in time");
  co_return Status{};
}

std::size_t ClientConnection::most_streams() const noexcept {
  auto* session = const_cast<ClientConnection*>(this)->session_.raw();  // which only looks
  std::size_t most = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(most, kMostStreams);
}

bool ClientConnection::has_room() const noexcept {
  return has_settings_ && !is_over() && !doubted_since_ && open_ + waiting_ < most_streams();
}

std::unique_ptr<wire::ClientExchange> ClientConnection::begin_exchange() {
  auto stream = std::make_unique<ClientStream>(*this);
  streams_.push_back(stream.get());
  ++waiting_;
  ++exchanges_;
  return stream;
}

Result<StreamId> ClientConnection::submit(const FieldBlock& request, bool has_body, ClientStream& stream) {
  const nghttp2_data_provider provider = session_.body_provider();
  const StreamId id = nghttp2_submit_request(session_.raw(), nullptr, request.data(), request.size(),
                                             has_body ? &provider : nullptr, &stream);
  if (id > 0) return id;
  goes_away_ = true;  // it has no numbers left
  return upstream_error(ErrorCode::kClosed, "the connection to the upstream takes no more requests: " + describe(id));
}

// When a stream has ended: whoever waits for room was there only while there was none.
void ClientConnection::note_room() noexcept {
  idle_since_ = reactor_.now();
  has_changed_ = has_changed_ || open_ + waiting_ + 1 >= most_streams();
}

// In the destructor of a stream.
void ClientConnection::leave(ClientStream& stream) noexcept {
  std::erase(streams_, &stream);
  for (async::Event*& event : woken_) {
    if (event == &stream.arrived_ || event == &stream.taken_) event = nullptr;
  }
  if (!stream.has_left_ && !stream.is_refused_) --waiting_;
  note_room();
  if (stream.id_ > 0 && !stream.is_closed_) {
    nghttp2_session_set_stream_user_data(session_.raw(), stream.id_, stream.has_left_ ? &dropped_stream : nullptr);
    session_.reset(stream.id_, NGHTTP2_CANCEL);
    send();
  }
  wake_later();
}

ClientStream* ClientConnection::find(StreamId stream) noexcept {
  void* found = nghttp2_session_get_stream_user_data(session_.raw(), stream);
  return found == &dropped_stream ? nullptr : static_cast<ClientStream*>(found);
}

void ClientConnection::doubt() {
  if (failure_ || doubted_since_) return;
  doubted_since_ = reactor_.now();
  nghttp2_submit_ping(session_.raw(), NGHTTP2_FLAG_NONE, nullptr);
  send();
}

void ClientConnection::look_after() {
  if (!doubted_since_ || failure_ || reactor_.now() - *doubted_since_ < kMostDoubt) return;
  lose(Error{ErrorCode::kClosed, "the upstream does not answer when it is asked whether it lives", Side::kUpstream});
  wake_all();
}

void ClientConnection::say_goodbye() {
  if (failure_) return;
  goes_away_ = true;
  nghttp2_session_terminate_session(session_.raw(), NGHTTP2_NO_ERROR);
  send();
}

// Reading and sending

async::Task<void> ClientConnection::read_all() {
  while (!failure_) {
    const IoStatus status = co_await socket_->fill(kLong);
    if (failure_) co_return;  // lost meanwhile: the streams for which this came may be gone
    if (status == IoStatus::kTimeout) continue;
    if (status == IoStatus::kEnd || status == IoStatus::kReset) {
      lose(Error{ErrorCode::kClosed, "the upstream closed the connection", Side::kUpstream});
    } else if (Status taken = take_in(); !taken) {
      send();  // what the peer has done wrong
      lose(broken(taken.error().what));
    }
    send();
    end_if_over();
    wake_all();
  }
}

Error ClientConnection::broken(std::string_view how) const {
  const std::string_view what = has_settings_ ? "breaks HTTP/2" : "does not speak HTTP/2";
  return {ErrorCode::kProtocol, fmt::format("the upstream {}: {}", what, how), Side::kUpstream};
}

// After the last stream that a GOAWAY left, or once the peer was told what it has done wrong.
void ClientConnection::end_if_over() {
  if (failure_ || sends_ || session_.wants_to_receive() || session_.wants_to_send()) return;
  lose(goes_away_ ? Error{ErrorCode::kClosed, "the upstream ended the connection", Side::kUpstream}
                  : broken("what it sends is no valid frame here"));
}

Status ClientConnection::take_in() {
  has_changed_ = has_changed_ || doubted_since_;
  doubted_since_.reset();
  is_in_session_ = true;
  const std::string_view bytes = socket_->unread();
  Status taken = session_.receive(bytes);
  is_in_session_ = false;
  socket_->consume(bytes.size());
  return taken;
}

void ClientConnection::send() {
  while (!sends_ && !failure_ && !is_in_session_) {
    output_.clear();
    is_in_session_ = true;
    const Status produced = session_.produce(output_, kBatch);
    is_in_session_ = false;
    if (!produced) return lose(Error{ErrorCode::kClosed, produced.error().what, Side::kUpstream});
    if (output_.empty()) return;
    const std::array<std::string_view, 1> pieces{output_};
    if (!socket_->start_send(sending_, pieces, kSendTimeout)) {
      sends_ = true;
      tasks_.spawn(end_send());
    } else {
      sent(sending_.status);
    }
  }
}

async::Task<void> ClientConnection::end_send() {
  const IoStatus status = co_await socket_->pending(sending_);
  sends_ = false;
  sent(status);
  send();
  end_if_over();
  wake_all();
}

void ClientConnection::sent(IoStatus status) {
  if (status == IoStatus::kOk) return;
  const bool is_late = status == IoStatus::kTimeout;
  lose(Error{is_late ? ErrorCode::kTimeout : ErrorCode::kClosed,
             is_late ? "the upstream did not take the data in time" : "the upstream closed the connection",
             Side::kUpstream});
}

void ClientConnection::lose(Error error) {
  if (failure_) return;
  failure_ = std::move(error);
  socket_->abort();
  for (ClientStream* stream : streams_) stream->lost(*failure_);
  wake(opened_);
  has_changed_ = true;
  wake_later();
}

// For what happens in the coroutine of an exchange, which must not resume others.
void ClientConnection::wake_later() {
  if (wakes_ || (woken_.empty() && !has_changed_)) return;
  reactor_.post([self = self_] {
    if (*self) (*self)->wake_all();
  });
}

// What is resumed may end its stream, and begin others.
void ClientConnection::wake_all() {
  if (std::exchange(wakes_, true)) return;
  for (std::size_t i = 0; i < woken_.size(); ++i) {
    if (async::Event* event = std::exchange(woken_[i], nullptr)) event->set();
  }
  woken_.clear();
  wakes_ = false;
  if (std::exchange(has_changed_, false) && listener_) listener_();
}

// What the session tells

bool ClientConnection::frame_begins(const nghttp2_frame_hd&) noexcept { return ++idle_frames_ <= kMostIdleFrames; }

void ClientConnection::fields_begin(const nghttp2_frame& frame) noexcept {
  ClientStream* stream = find(frame.hd.stream_id);
  if (!stream) return;
  idle_frames_ = 0;
  stream->fields_begin();
}

bool ClientConnection::field_arrived(StreamId id, std::string_view name, std::string_view value) noexcept {
  ClientStream* stream = find(id);
  return !stream || stream->field_arrived(name, value);
}

void ClientConnection::frame_arrived(const nghttp2_frame& frame) noexcept {
  if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    has_changed_ = true;
    if (!std::exchange(has_settings_, true)) wake(opened_);
  }
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    goes_away_ = has_changed_ = true;
    last_taken_ = frame.goaway.last_stream_id;
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  ClientStream* stream = find(frame.hd.stream_id);
  if (!stream) return;
  if (frame.hd.type == NGHTTP2_HEADERS) stream->fields_end();
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->message_ended();
}

// The connection's window is given back at once: a stream that nobody reads holds no other one up.
void ClientConnection::data_arrived(StreamId id, std::string_view bytes) noexcept {
  ClientStream* stream = find(id);
  if (!stream) return session_.consume(id, bytes.size());
  nghttp2_session_consume_connection(session_.raw(), bytes.size());
  if (bytes.empty()) return;
  idle_frames_ = 0;
  stream->data_arrived(bytes);
}

void ClientConnection::frame_refused(const nghttp2_frame& frame, int error) noexcept {
  if (ClientStream* stream = find(frame.hd.stream_id)) stream->refused(error);
}

void ClientConnection::frame_sent(const nghttp2_frame& frame) noexcept {
  if (frame.hd.type == NGHTTP2_DATA) idle_frames_ = 0;
  if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return;
  ++open_;
  if (ClientStream* stream = find(frame.hd.stream_id)) {
    stream->has_left_ = true;
    --waiting_;
  } else {
    nghttp2_session_set_stream_user_data(session_.raw(), frame.hd.stream_id, &dropped_stream);
  }
}

void ClientConnection::stream_closed(StreamId id, std::uint32_t code) noexcept {
  void* user = nghttp2_session_get_stream_user_data(session_.raw(), id);
  ClientStream* stream = find(id);
  if (user == &dropped_stream || (stream && stream->has_left_)) --open_;
  if (stream && !stream->has_left_) --waiting_;
  note_room();
  if (stream) stream->closed(code, !goes_away_ || id <= last_taken_);
}

Offer ClientConnection::offer(StreamId id, std::size_t most) noexcept {
  ClientStream* stream = find(id);
  return stream ? stream->offer(most) : Offer{};
}

void ClientConnection::take_offered(StreamId id, std::size_t bytes, std::string& to) noexcept {
  if (ClientStream* stream = find(id)) stream->take_offered(bytes, to);
}

}  // namespace sallyport::h2
