#include "h2_client.h"

#include "cpu_time.h"
#include "head_text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bench {
namespace {

constexpr std::int32_t kWindow = 1 << 20;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

H2Request::H2Request(std::string_view scheme, std::string_view path, const std::vector<std::string>& fields,
                     std::string_view body)
    : body_(body) {
  add(":method", body.empty() ? "GET" : "POST");
  add(":scheme", scheme);
  add(":authority", "127.0.0.1");
  add(":path", path);
  for (const std::string& field : fields) {
    const std::size_t colon = field.find(": ");
    add(in_lower_case(field.substr(0, colon)), std::string_view(field).substr(colon + 2));
  }
  if (!body.empty()) add("content-length", std::to_string(body.size()));
}

void H2Request::add(std::string_view name, std::string_view value) {
  auto keep = [this](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(texts_.emplace_back(std::make_unique<std::string>(text))->data());
  };
  pairs_.push_back({keep(name), keep(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

// What nghttp2 calls with the client as its user data.
struct H2Client::Callbacks {
  static H2Client& client(void* user) { return *static_cast<H2Client*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    auto& under_way = client(user).under_way_;
    const auto found = under_way.find(frame->hd.stream_id);
    if (found == under_way.end()) return 0;
    std::string& head = found->second.head;
    if (text_of(name, name_size) == ":status") {
      head.append("HTTP/2 ").append(text_of(value, value_size));
    } else {
      head.append(text_of(name, name_size)).append(": ").append(text_of(value, value_size));
    }
    head.append("\r\n");
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size,
                     void* user) {
    auto& under_way = client(user).under_way_;
    if (const auto found = under_way.find(stream); found != under_way.end()) {
      found->second.body.append(text_of(data, size));
    }
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    client(user).end(stream, error);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    H2Client& self = client(user);
    Exchange& exchange = self.under_way_[stream];
    const std::string_view body = self.request_.body();
    const std::size_t size = std::min(room, body.size() - exchange.body_sent);
    std::memcpy(to, body.data() + exchange.body_sent, size);
    exchange.body_sent += size;
    if (exchange.body_sent == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static const nghttp2_session_callbacks* all() {
    static const auto made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
      return callbacks;
    }();
    return made;
  }
};

void H2Client::start() {
  transport_.connect();
  poller_.watch(transport_.fd(), *this);
  nghttp2_session* made = nullptr;
  nghttp2_session_client_new(&made, Callbacks::all(), this);
  session_.reset(made);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kWindow);
  for (int i = 0; i < streams_; ++i) submit();
  flush();
}

void H2Client::submit() {
  if (!events_.take_turn()) return;
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::read_body;
  const auto& pairs = request_.pairs();
  const std::int32_t stream = nghttp2_submit_request(session_.get(), nullptr, pairs.data(), pairs.size(),
                                                     request_.body().empty() ? nullptr : &body, nullptr);
  if (stream < 0) give_up(std::string("no stream for a request: ") + nghttp2_strerror(stream));
  under_way_[stream].sent_at = now_ns();
}

void H2Client::flush() {
  while (transport_.flush() && transport_.is_sent()) {
    outgoing_.clear();
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session_.get(), &bytes)) > 0;) {
      outgoing_.append(text_of(bytes, static_cast<std::size_t>(size)));
    }
    if (outgoing_.empty()) return;
    transport_.start(outgoing_);
  }
}

void H2Client::ready() {
  take_what_came();
  if (!broken_.empty()) return fail(std::exchange(broken_, {}));
  flush();
}

void H2Client::take_what_came() {
  static char buffer[65536];
  while (broken_.empty()) {
    const ssize_t got = transport_.receive(buffer);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      broken_ = "the connection was closed";
      return;
    }
    const auto size = static_cast<std::size_t>(got);
    const ssize_t taken = nghttp2_session_mem_recv(session_.get(), reinterpret_cast<std::uint8_t*>(buffer), size);
    if (taken < 0) broken_ = std::string("no HTTP/2: ") + nghttp2_strerror(static_cast<int>(taken));
    if (transport_.is_drained(size, sizeof buffer)) return;
  }
}

void H2Client::end(std::int32_t stream, std::uint32_t error) {
  const auto node = under_way_.extract(stream);
  if (node.empty()) return;
  const Exchange& exchange = node.mapped();
  const std::string fault = fault_of(exchange, error);
  if (fault.empty()) {
    events_.done(now_ns() - exchange.sent_at);
  } else {
    events_.failed("a response " + fault + (exchange.head.empty() ? "" : ":\n" + exchange.head));
  }
  submit();
}

std::string H2Client::fault_of(const Exchange& exchange, std::uint32_t error) {
  if (error != NGHTTP2_NO_ERROR) return std::string("ended with ") + nghttp2_http2_strerror(error);
  if (!expected_.body.empty() && exchange.body != expected_.body) return "not the expected body";
  const std::string head = exchange.head + "\r\n";
  if (known_.is_at_start_of(head)) return "";
  const std::string lower = in_lower_case(head);
  if (lower.compare(0, 7, "http/2 ") != 0 || lower.compare(7, 3, expected_.status) != 0) {
    return "not the expected status";
  }
  for (const std::string& line : expected_.headers) {
    if (lower.find(line) == std::string::npos) return "without the expected header";
  }
  known_.learn(head, exchange.body.size(), false);
  return "";
}

void H2Client::fail(const std::string& reason) {
  transport_.close();
  session_.reset();
  const std::size_t lost = std::exchange(under_way_, {}).size();
  for (std::size_t i = 0; i < lost; ++i) events_.failed(reason);
  start();
}

}  // namespace bench
