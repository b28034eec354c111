#include "wire/h1.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

struct Parsed {
  Arena arena;
  http::ResponseHead head{arena};
  ParseOutcome outcome;

  explicit Parsed(std::string_view bytes, std::string_view method = "GET") {
    outcome = parse_response_head(bytes, method, head, {});
  }
  bool complete() const { return outcome.status == ParseStatus::kComplete; }
  bool invalid() const { return outcome.status == ParseStatus::kInvalid && outcome.refusal == 502; }
};

std::string ok_with(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"; }

TEST(ResponseParser, ReadsStatusReasonFieldsAndLength) {
  std::string_view bytes = "HTTP/1.1 404 Not There\r\nServer: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
  Parsed parsed(std::string(bytes) + "abc");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.outcome.bytes, bytes.size());
  EXPECT_EQ(parsed.head.status, 404);
  EXPECT_EQ(parsed.head.reason, "Not There");
  EXPECT_EQ(parsed.head.body, http::BodyLength::sized(3));
  EXPECT_FALSE(parsed.head.keep_alive);
  EXPECT_EQ(parsed.head.headers.size(), 1u);
}

TEST(ResponseParser, AReasonMayBeEmptyWithOrWithoutItsSpace) {
  EXPECT_EQ(Parsed("HTTP/1.1 200 \r\n\r\n").head.status, 200);
  EXPECT_EQ(Parsed("HTTP/1.1 200\r\n\r\n").head.status, 200);
}

TEST(ResponseParser, StatusHasThreeDigitsFrom100To599) {
  for (const char* status : {"099", "600", "999", "20", "2000", "2x0", "-20", "+20", " 200"}) {
    EXPECT_TRUE(Parsed("HTTP/1.1 " + std::string(status) + " OK\r\n\r\n").invalid()) << status;
  }
  EXPECT_TRUE(Parsed("HTTP/1.1 100 Continue\r\n\r\n").complete());
  EXPECT_TRUE(Parsed("HTTP/1.1 599 x\r\n\r\n").complete());
}

TEST(ResponseParser, GarbageIsRefusedAtItsFirstByte) {
  EXPECT_TRUE(Parsed("hello").invalid());
  EXPECT_TRUE(Parsed("HTTP/2").invalid());
  EXPECT_TRUE(Parsed("http/1.1 200 OK\r\n\r\n").invalid());
  EXPECT_TRUE(Parsed("<html>").invalid());
}

TEST(ResponseParser, WithoutLengthTheBodyEndsWithTheConnection) {
  Parsed parsed(ok_with(""));
  EXPECT_EQ(parsed.head.body, http::BodyLength::until_close());
  EXPECT_FALSE(parsed.head.keep_alive);
}

TEST(ResponseParser, ChunkedIsTheOnlyCoding) {
  EXPECT_EQ(Parsed(ok_with("Transfer-Encoding: Chunked\r\n")).head.body, http::BodyLength::chunked());
  EXPECT_TRUE(Parsed(ok_with("Transfer-Encoding: gzip, chunked\r\n")).invalid());
  EXPECT_TRUE(Parsed(ok_with("Transfer-Encoding: chunked, chunked\r\n")).invalid());
  EXPECT_TRUE(Parsed(ok_with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")).invalid());
  EXPECT_TRUE(Parsed("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").invalid());
}

TEST(ResponseParser, LengthsThatSayTwoThingsAreRefused) {
  for (const char* fields : {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
                             "Content-Length: 5, 5\r\n", "Content-Length: abc\r\n", "Content-Length: -1\r\n",
                             "Content-Length:\r\n", "Content-Length: 9223372036854775808\r\n"}) {
    EXPECT_TRUE(Parsed(ok_with(fields)).invalid()) << fields;
    EXPECT_TRUE(Parsed(ok_with(fields), "HEAD").invalid()) << fields;
  }
}

TEST(ResponseParser, ALengthWithoutBodyIsAnnounced) {
  Parsed head(ok_with("Content-Length: 7\r\n"), "HEAD");
  EXPECT_EQ(head.head.body, http::BodyLength::none());
  EXPECT_EQ(head.head.announced_length, 7u);
  EXPECT_TRUE(head.head.keep_alive);
  Parsed not_modified("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(not_modified.head.body, http::BodyLength::none());
  EXPECT_EQ(not_modified.head.announced_length, 7u);
}

TEST(ResponseParser, ABodyThatMustNotBeThereEndsTheConnection) {
  EXPECT_TRUE(Parsed("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parsed("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parsed("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").head.keep_alive);
  EXPECT_EQ(Parsed("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n").head.body, http::BodyLength::none());
}

TEST(ResponseParser, SwitchingProtocolsNamesTheProtocol) {
  Parsed parsed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: 1\r\n\r\n");
  EXPECT_EQ(parsed.head.upgrade, "websocket");
  EXPECT_EQ(parsed.head.headers.size(), 1u);
  EXPECT_EQ(parsed.head.body, http::BodyLength::none());
}

TEST(ResponseParser, FieldsOfOneConnectionDoNotPass) {
  Parsed parsed(ok_with("Connection: X-Foo\r\nX-Foo: 1\r\nKeep-Alive: timeout=5\r\nTrailer: x\r\nX-Bar: 1\r\n"));
  ASSERT_EQ(parsed.head.headers.size(), 1u);
  EXPECT_EQ(parsed.head.headers.get("x-bar"), "1");
}

TEST(ResponseParser, ControlBytesAndFoldedLinesAreRefused) {
  using namespace std::string_literals;
  EXPECT_TRUE(Parsed(ok_with("X: a\0b\r\n"s)).invalid());
  EXPECT_TRUE(Parsed(ok_with("X: a\nY: b\r\n")).invalid());
  EXPECT_TRUE(Parsed(ok_with("X: a\r\n b\r\n")).invalid());
  EXPECT_TRUE(Parsed(ok_with("X : a\r\n")).invalid());
  EXPECT_TRUE(Parsed("HTTP/1.1 200 O\x01K\r\n\r\n").invalid());
}

}  // namespace
}  // namespace sallyport::wire
