#include "h2/session.h"

#include "h2/fields.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sallyport::h2 {
namespace {

// One side of a talk: gathers what comes, offers what it was told to.
class End final : public SessionListener {
 public:
  explicit End(Session::Role role) : session(role, {}, *this) {}

  bool frame_begins(const nghttp2_frame_hd&) noexcept override { return ++frames <= most_frames; }
  void fields_begin(const nghttp2_frame&) noexcept override { ++sections; }
  bool field_arrived(StreamId, std::string_view name, std::string_view value) noexcept override {
    fields.emplace(name, value);
    return true;
  }
  void frame_arrived(const nghttp2_frame&) noexcept override {}
  void data_arrived(StreamId stream, std::string_view bytes) noexcept override {
    body += bytes;
    session.consume(stream, bytes.size());
  }
  void frame_refused(const nghttp2_frame&, int error) noexcept override { refusal = describe(error); }
  void frame_sent(const nghttp2_frame&) noexcept override {}
  void stream_closed(StreamId, std::uint32_t code) noexcept override { closed_with = name_of_code(code); }
  Offer offer(StreamId, std::size_t most) noexcept override {
    std::size_t bytes = std::min(most, to_send.size());
    return {bytes, ends && bytes == to_send.size(), trailers};
  }
  void take_offered(StreamId, std::size_t bytes, std::string& to) noexcept override {
    to.append(to_send, 0, bytes);
    to_send.erase(0, bytes);
  }

  std::string produced() {
    std::string bytes;
    EXPECT_TRUE(session.produce(bytes, 1 << 20));
    return bytes;
  }

  int frames = 0;
  int most_frames = 1000;
  int sections = 0;
  std::multimap<std::string, std::string> fields;
  std::string body;
  std::string refusal;
  std::string closed_with;
  std::string to_send;
  bool ends = true;
  const http::Headers* trailers = nullptr;
  Session session;
};

void talk(End& a, End& b) {
  for (;;) {
    std::string from_a = a.produced();
    std::string from_b = b.produced();
    if (from_a.empty() && from_b.empty()) return;
    EXPECT_TRUE(b.session.receive(from_a));
    EXPECT_TRUE(a.session.receive(from_b));
  }
}

struct Pair {
  Pair() {
    nghttp2_submit_settings(client.session.raw(), NGHTTP2_FLAG_NONE, nullptr, 0);
    nghttp2_submit_settings(server.session.raw(), NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  StreamId request(const FieldBlock& block) {
    nghttp2_data_provider provider = client.session.body_provider();
    return nghttp2_submit_request(client.session.raw(), nullptr, block.data(), block.size(), &provider, nullptr);
  }
  End client{Session::Role::kClient};
  End server{Session::Role::kServer};
};

struct Post : FieldBlock {
  Post() {
    add(":method", "POST");
    add(":scheme", "http");
    add(":authority", "a.example");
    add(":path", "/");
  }
};

TEST(Session, CarriesFieldsBodyAndTrailers) {
  Pair pair;
  Arena arena;
  http::Headers headers(arena);
  headers.add("X-Mixed-Case", "1");
  headers.add("Connection", "close");
  headers.add("Host", "other.example");
  http::Headers trailers(arena);
  trailers.add("x-sum", "9");
  trailers.add("content-length", "3");
  Post block;
  block.add_fields(headers);
  pair.client.to_send = "body";
  pair.client.trailers = &trailers;
  pair.request(block);
  talk(pair.client, pair.server);

  std::multimap<std::string, std::string> expected{{":method", "POST"},         {":scheme", "http"},
                                                   {":authority", "a.example"}, {":path", "/"},
                                                   {"x-mixed-case", "1"},       {"x-sum", "9"}};
  EXPECT_EQ(pair.server.fields, expected);
  EXPECT_EQ(pair.server.body, "body");
  EXPECT_EQ(pair.server.sections, 2);
}

TEST(Session, SendsABodyAsItIsOffered) {
  Pair pair;
  pair.client.ends = false;
  StreamId stream = pair.request(Post());
  talk(pair.client, pair.server);
  EXPECT_EQ(pair.server.body, "");
  pair.client.to_send = std::string(200'000, 'x');
  pair.client.ends = true;
  pair.client.session.resume(stream);
  talk(pair.client, pair.server);
  EXPECT_EQ(pair.server.body.size(), 200'000);
}

TEST(Session, TellsWhyAStreamEnded) {
  Pair pair;
  pair.client.ends = false;
  StreamId stream = pair.request(Post());
  talk(pair.client, pair.server);
  pair.server.session.reset(stream, NGHTTP2_REFUSED_STREAM);
  talk(pair.client, pair.server);
  EXPECT_EQ(pair.client.closed_with, "REFUSED_STREAM");
}

TEST(Session, EndsWhereItsListenerHasEnough) {
  Pair pair;
  pair.server.most_frames = 0;
  Status received = pair.server.session.receive(pair.client.produced());
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, ErrorCode::kLimit);
}

TEST(Session, ResetsAStreamWithAFieldThatBreaksTheRules) {
  Pair pair;
  Post block;
  block.add("x-bad", "a\nb");
  pair.request(block);
  talk(pair.client, pair.server);
  EXPECT_EQ(pair.client.closed_with, "PROTOCOL_ERROR");
}

}  // namespace
}  // namespace sallyport::h2
