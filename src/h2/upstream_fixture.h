#pragma once
// The far side of a ClientConnection in unit tests: a server of HTTP/2 on a stream in memory that does what the test
// says. No part of the product.

#include "async/stream_fixture.h"
#include "h2/fields.h"
#include "h2/session.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::h2 {

class Upstream final : public SessionListener {
 public:
  struct Request {
    std::string head;  // "name: value" lines
    std::string body;
    bool is_whole = false;
    std::string reset_with;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  async::MemoryPeer peer;

  void submit_settings(std::vector<nghttp2_settings_entry> settings = {}) {
    nghttp2_submit_settings(session.raw(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  // Takes in what has come, and sends what is to be sent.
  void exchange() {
    for (;;) {
      const std::string came = peer.take_received();
      EXPECT_TRUE(session.receive(came));
      std::string bytes;
      EXPECT_TRUE(session.produce(bytes, 1 << 20));
      if (!bytes.empty()) peer.send(bytes);
      if (peer.received().empty()) return;
    }
  }
  void head(StreamId stream, const Fields& fields, bool ends = false) {
    FieldBlock block;
    for (const auto& [name, value] : fields) block.add(name, value);
    auto flags = static_cast<std::uint8_t>(ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE);
    nghttp2_submit_headers(session.raw(), flags, stream, nullptr, block.data(), block.size(), nullptr);
    exchange();
  }
  // With `trailers`, which may be empty, the response ends.
  void body(StreamId stream, std::string bytes, std::optional<Fields> trailers = {}) {
    to_send_ = std::move(bytes);
    ends_ = trailers && trailers->empty();
    const nghttp2_data_provider provider = session.body_provider();
    nghttp2_submit_data(session.raw(), ends_ ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream, &provider);
    exchange();
    if (trailers && !ends_) head(stream, *trailers, true);
  }
  void reset(StreamId stream, std::uint32_t code) {
    session.reset(stream, code);
    exchange();
  }
  void go_away(StreamId last) {
    nghttp2_submit_goaway(session.raw(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
    exchange();
  }

  std::map<StreamId, Request> requests;
  unsigned pings = 0;
  bool was_left = false;  // GOAWAY came
  bool takes_bodies = true;
  Session session{Session::Role::kServer, {}, *this};

 private:
  bool frame_begins(const nghttp2_frame_hd&) noexcept override { return true; }
  void fields_begin(const nghttp2_frame&) noexcept override {}
  bool field_arrived(StreamId stream, std::string_view name, std::string_view value) noexcept override {
    requests[stream].head.append(name).append(": ").append(value).append("\n");
    return true;
  }
  void frame_arrived(const nghttp2_frame& frame) noexcept override {
    bool is_message = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    if (is_message && frame.hd.flags & NGHTTP2_FLAG_END_STREAM) requests[frame.hd.stream_id].is_whole = true;
    if (frame.hd.type == NGHTTP2_PING && !(frame.hd.flags & NGHTTP2_FLAG_ACK)) ++pings;
    if (frame.hd.type == NGHTTP2_GOAWAY) was_left = true;
    if (frame.hd.type == NGHTTP2_RST_STREAM) {
      requests[frame.hd.stream_id].reset_with = name_of_code(frame.rst_stream.error_code);
    }
  }
  void data_arrived(StreamId stream, std::string_view bytes) noexcept override {
    requests[stream].body += bytes;
    if (takes_bodies) session.consume(stream, bytes.size());
  }
  void frame_refused(const nghttp2_frame&, int) noexcept override {}
  void frame_sent(const nghttp2_frame&) noexcept override {}
  void stream_closed(StreamId, std::uint32_t) noexcept override {}
  Offer offer(StreamId, std::size_t most) noexcept override {
    const std::size_t bytes = std::min(most, to_send_.size());
    return {bytes, bytes == to_send_.size(), nullptr};
  }
  void take_offered(StreamId, std::size_t bytes, std::string& to) noexcept override {
    to.append(to_send_, 0, bytes);
    to_send_.erase(0, bytes);
  }

  std::string to_send_;
  bool ends_ = false;
};

}  // namespace sallyport::h2
