#include "h2/session.h"

#include "h2/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

namespace sallyport::h2 {

namespace {

// nghttp2 reports of each kind of trouble whether there is no memory left.
void ensure_made(int result) {
  if (result != 0) throw std::bad_alloc();
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Of frames that RFC 9113 6 does not know. nghttp2 would skip them without a word; as types of ours they are told of,
// and counted.
constexpr unsigned kFirstUnknownType = NGHTTP2_CONTINUATION + 1;
constexpr unsigned kLastType = 0xff;

struct DeleteCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept { nghttp2_session_callbacks_del(callbacks); }
};
struct DeleteOption {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};

std::unique_ptr<nghttp2_option, DeleteOption> as_option(const Session::Limits& limits) {
  nghttp2_option* option = nullptr;
  ensure_made(nghttp2_option_new(&option));
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_outbound_ack(option, limits.unsent_acks);
  nghttp2_option_set_max_settings(option, limits.settings);
  nghttp2_option_set_max_continuations(option, limits.continuations);
  nghttp2_option_set_stream_reset_rate_limit(option, limits.resets, limits.resets_per_second);
  for (unsigned type = kFirstUnknownType; type <= kLastType; ++type) {
    nghttp2_option_set_user_recv_extension_type(option, static_cast<std::uint8_t>(type));
  }
  return std::unique_ptr<nghttp2_option, DeleteOption>(option);
}

}  // namespace

// What nghttp2 calls: each finds its Session in `user_data`.
struct Session::Callbacks {
  static Session& session(void* user_data) { return *static_cast<Session*>(user_data); }

  static int frame_begins(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) {
    return session(user_data).listener_.frame_begins(*head) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  static int fields_begin(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    session(user_data).listener_.fields_begin(*frame);
    return 0;
  }
  static int field_arrived(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                           std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                           void* user_data) {
    bool fits =
        session(user_data).listener_.field_arrived(frame->hd.stream_id, text(name, name_size), text(value, value_size));
    return fits ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  // Without it, nghttp2 takes fields that break RFC 9113 8.2.1 for absent; then a message may mean something else here
  // than where it comes from.
  static int bad_field_arrived(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int frame_arrived(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    session(user_data).listener_.frame_arrived(*frame);
    return 0;
  }
  // Ignored (RFC 9113 4.1, 5.5), once `frame_begins` has counted it.
  static int unknown_frame_arrived(nghttp2_session*, void**, const nghttp2_frame_hd*, void*) {
    return NGHTTP2_ERR_CANCEL;
  }
  static int data_arrived(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                          std::size_t size, void* user_data) {
    session(user_data).listener_.data_arrived(stream, text(data, size));
    return 0;
  }
  static int frame_refused(nghttp2_session*, const nghttp2_frame* frame, int error, void* user_data) {
    session(user_data).listener_.frame_refused(*frame, error);
    return 0;
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    session(user_data).listener_.frame_sent(*frame);
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user_data) {
    session(user_data).listener_.stream_closed(stream, code);
    return 0;
  }

  static ssize_t offer(nghttp2_session* raw, std::int32_t stream, std::uint8_t*, std::size_t most, std::uint32_t* flags,
                       nghttp2_data_source*, void* user_data) {
    Offer offer = session(user_data).listener_.offer(stream, most);
    if (offer.bytes == 0 && !offer.is_last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!offer.is_last) return static_cast<ssize_t>(offer.bytes);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!offer.trailers) return static_cast<ssize_t>(offer.bytes);
    FieldBlock block;
    block.add_trailers(*offer.trailers);
    if (block.empty()) return static_cast<ssize_t>(offer.bytes);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    int submitted = nghttp2_submit_trailer(raw, stream, block.data(), block.size());
    return submitted == 0 ? static_cast<ssize_t>(offer.bytes) : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user_data) {
    constexpr std::size_t kFrameHead = 9;
    Session& self = session(user_data);
    self.output_->append(text(head, kFrameHead));
    self.listener_.take_offered(frame->hd.stream_id, size, *self.output_);
    return 0;
  }

  static const nghttp2_session_callbacks* all() {
    static const auto callbacks = make();
    return callbacks.get();
  }

 private:
  static std::unique_ptr<nghttp2_session_callbacks, DeleteCallbacks> make() {
    nghttp2_session_callbacks* made = nullptr;
    ensure_made(nghttp2_session_callbacks_new(&made));
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, frame_begins);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, fields_begin);
    nghttp2_session_callbacks_set_on_header_callback(made, field_arrived);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, bad_field_arrived);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_arrived);
    nghttp2_session_callbacks_set_unpack_extension_callback(made, unknown_frame_arrived);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_arrived);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, frame_refused);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
    nghttp2_session_callbacks_set_send_data_callback(made, send_data);
    return std::unique_ptr<nghttp2_session_callbacks, DeleteCallbacks>(made);
  }
};

Session::Session(Role role, const Limits& limits, SessionListener& listener) : listener_(listener) {
  auto option = as_option(limits);
  auto make = role == Role::kServer ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  nghttp2_session* session = nullptr;
  ensure_made(make(&session, Callbacks::all(), this, option.get()));
  session_.reset(session);
}

Session::~Session() = default;

Status Session::receive(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  ssize_t taken = nghttp2_session_mem_recv(session_.get(), data, bytes.size());
  if (taken >= 0) return {};
  bool is_too_much = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS ||
                     taken == NGHTTP2_ERR_CALLBACK_FAILURE;
  return fail(is_too_much ? ErrorCode::kLimit : ErrorCode::kProtocol,
              fmt::format("HTTP/2: {}", describe(static_cast<int>(taken))));
}

Status Session::produce(std::string& to, std::size_t enough) {
  output_ = &to;
  while (to.size() < enough) {
    std::size_t before = to.size();
    const std::uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) return fail(ErrorCode::kInternal, fmt::format("HTTP/2: {}", describe(static_cast<int>(size))));
    to.append(text(data, static_cast<std::size_t>(size)));
    if (to.size() == before) break;
  }
  return {};
}

nghttp2_data_provider Session::body_provider() noexcept {
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::offer;
  return provider;
}

void Session::consume(StreamId stream, std::size_t bytes) noexcept {
  if (bytes == 0) return;
  if (nghttp2_session_find_stream(session_.get(), stream)) {
    nghttp2_session_consume(session_.get(), stream, bytes);
  } else {
    nghttp2_session_consume_connection(session_.get(), bytes);
  }
}

void Session::reset(StreamId stream, std::uint32_t code) noexcept {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, code);
}

std::string describe(int error) { return nghttp2_strerror(error); }

std::string_view name_of_code(std::uint32_t code) noexcept { return nghttp2_http2_strerror(code); }

}  // namespace sallyport::h2
