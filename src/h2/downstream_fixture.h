#pragma once
// The far side of a ServerConnection in unit tests: a client of HTTP/2 on any stream that does what the test says. No
// part of the product.

#include "async/event.h"
#include "async/stream.h"
#include "async/task.h"
#include "async/task_group.h"
#include "h2/fields.h"
#include "h2/session.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::h2 {

class Downstream final : public SessionListener {
 public:
  struct Response {
    int status = 0;
    unsigned heads = 0;       // final ones that came whole
    bool has_status = false;  // the field section that is arriving
    std::string head;         // "name: value" lines of all field sections
    std::string body;
    bool is_whole = false;
    std::string reset_with;
    bool closed = false;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;
  static constexpr Milliseconds kLong{600'000};

  Downstream(async::StreamPtr stream, std::vector<nghttp2_settings_entry> settings = {}) : stream_(std::move(stream)) {
    nghttp2_submit_settings(session.raw(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    tasks_.spawn(read_all());
    tasks_.spawn(write_all());
    flush();
  }

  // A request whose body goes on until `body` ends it, or that has none.
  StreamId begin(std::string_view method, std::string_view path, const Fields& fields = {}, bool ends = true) {
    FieldBlock block;
    block.add(":method", method);
    block.add(":scheme", "http");
    block.add(":authority", "gateway.test");
    block.add(":path", path);
    for (const auto& [name, value] : fields) block.add(name, value);
    auto flags = static_cast<std::uint8_t>(ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE);
    StreamId id = nghttp2_submit_headers(session.raw(), flags, -1, nullptr, block.data(), block.size(), nullptr);
    flush();
    return id;
  }
  // One piece at a time is under way on a stream; `is_sent` tells when it has left. `trailers` go behind the last one,
  // and stay as long as this.
  void body(StreamId stream, std::string bytes, bool ends, const http::Headers* trailers = nullptr) {
    Upload& upload = uploads_[stream];
    upload = {std::move(bytes), ends ? trailers : nullptr};
    const nghttp2_data_provider provider = session.body_provider();
    nghttp2_submit_data(session.raw(), ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream, &provider);
    flush();
  }
  bool is_sent(StreamId stream) { return uploads_[stream].left.empty(); }
  void reset(StreamId stream, std::uint32_t code = NGHTTP2_CANCEL) {
    session.reset(stream, code);
    flush();
  }
  void open_window(StreamId stream, std::int32_t bytes) {
    nghttp2_submit_window_update(session.raw(), NGHTTP2_FLAG_NONE, stream, bytes);
    flush();
  }
  // Any bytes, behind what has left by now.
  void send_raw(std::string_view bytes) {
    flush();
    outgoing_ += bytes;
    wake_.set();
  }
  static std::string frame(std::uint8_t type, std::uint8_t flags, StreamId stream, std::string_view payload) {
    std::string bytes;
    for (int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(static_cast<std::uint32_t>(stream) >> shift);
    return bytes.append(payload);
  }
  // Breaks the connection off.
  void leave() {
    tasks_.cancel_all();
    stream_->break_at_end();
    stream_.reset();
  }
  void flush() {
    if (!session.produce(outgoing_, 1 << 22)) outgoing_.clear();
    if (!outgoing_.empty()) wake_.set();
  }

  std::map<StreamId, Response> responses;
  std::vector<std::pair<StreamId, std::uint32_t>> goaways;  // the last stream, the code
  bool takes_bodies = true;
  bool has_ended = false;  // the gateway closed the connection
  bool broke_rules = false;
  async::IoStatus how = async::IoStatus::kOk;  // it ended
  Session session{Session::Role::kClient, {}, *this};

 private:
  struct Upload {
    std::string left;
    const http::Headers* trailers = nullptr;
  };

  async::Task<void> read_all() {
    for (;;) {
      how = co_await stream_->fill(kLong);
      if (how != async::IoStatus::kOk) break;
      const std::string came(stream_->unread());
      stream_->consume(came.size());
      if (!session.receive(came)) broke_rules = true;
      flush();
    }
    has_ended = true;
  }
  async::Task<void> write_all() {
    for (;;) {
      while (outgoing_.empty()) {
        wake_.reset();
        co_await wake_;
      }
      sending_ = std::exchange(outgoing_, {});
      if (co_await stream_->send(sending_, kLong) != async::IoStatus::kOk) co_return;
    }
  }

  bool frame_begins(const nghttp2_frame_hd&) noexcept override { return true; }
  void fields_begin(const nghttp2_frame&) noexcept override {}
  bool field_arrived(StreamId stream, std::string_view name, std::string_view value) noexcept override {
    Response& response = responses[stream];
    response.head.append(name).append(": ").append(value).append("\n");
    if (name != ":status") return true;
    std::from_chars(value.data(), value.data() + value.size(), response.status);
    response.has_status = true;
    return true;
  }
  void frame_arrived(const nghttp2_frame& frame) noexcept override {
    const bool is_message = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    if (is_message && frame.hd.flags & NGHTTP2_FLAG_END_STREAM) responses[frame.hd.stream_id].is_whole = true;
    if (frame.hd.type == NGHTTP2_HEADERS) {
      Response& response = responses[frame.hd.stream_id];
      if (std::exchange(response.has_status, false) && response.status >= 200) ++response.heads;
    }
    if (frame.hd.type == NGHTTP2_GOAWAY) goaways.emplace_back(frame.goaway.last_stream_id, frame.goaway.error_code);
    if (frame.hd.type == NGHTTP2_RST_STREAM) {
      responses[frame.hd.stream_id].reset_with = name_of_code(frame.rst_stream.error_code);
    }
  }
  void data_arrived(StreamId stream, std::string_view bytes) noexcept override {
    responses[stream].body += bytes;
    if (takes_bodies) session.consume(stream, bytes.size());
  }
  void frame_refused(const nghttp2_frame&, int) noexcept override { broke_rules = true; }
  void frame_sent(const nghttp2_frame&) noexcept override {}
  void stream_closed(StreamId stream, std::uint32_t) noexcept override { responses[stream].closed = true; }
  Offer offer(StreamId stream, std::size_t most) noexcept override {
    Upload& upload = uploads_[stream];
    const std::size_t bytes = std::min(most, upload.left.size());
    return {bytes, bytes == upload.left.size(), upload.trailers};
  }
  void take_offered(StreamId stream, std::size_t bytes, std::string& to) noexcept override {
    to.append(uploads_[stream].left, 0, bytes);
    uploads_[stream].left.erase(0, bytes);
  }

  async::StreamPtr stream_;
  std::map<StreamId, Upload> uploads_;
  std::string outgoing_;
  std::string sending_;
  async::Event wake_;
  async::TaskGroup tasks_;  // last: they use everything above
};

}  // namespace sallyport::h2
