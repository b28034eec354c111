#include "wire/body_reader.h"

#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::wire {
namespace {

using async::Running;
using http::BodyLength;
using http::Chunk;

constexpr Milliseconds kLong{10'000};

struct BodyReaderTest : testing::Test {
  async::MemoryPeer peer;
  async::StreamPtr stream = peer.stream();
  BodyReader reader{*stream, Side::kUpstream};

  // The whole body, or "error" and its code.
  async::Task<std::string> read_all() {
    std::string all;
    for (;;) {
      auto piece = co_await reader.read(kLong);
      if (!piece) co_return "error " + std::to_string(static_cast<int>(piece.error().code));
      all.append(piece->bytes);
      if (piece->is_last) co_return all;
    }
  }
  static std::string error(ErrorCode code) { return "error " + std::to_string(static_cast<int>(code)); }

  // Reads a body of `length` from `wire` cut at every byte; `left` is what must stay unread behind it.
  void expect_at_every_cut(BodyLength length, std::string_view wire, std::string_view body, std::string_view left) {
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
      SCOPED_TRACE(cut);
      async::MemoryPeer other;
      async::StreamPtr own = other.stream();
      BodyReaderTest::reader_of(*own, length, other, wire, cut, body, left);
    }
  }
  static void reader_of(async::Stream& own, BodyLength length, async::MemoryPeer& other, std::string_view wire,
                        std::size_t cut, std::string_view body, std::string_view left) {
    BodyReader cut_reader(own, Side::kUpstream);
    cut_reader.begin(length);
    auto read = [](BodyReader& from) -> async::Task<std::string> {
      std::string all;
      for (;;) {
        auto piece = co_await from.read(kLong);
        if (!piece) co_return piece.error().what;
        all.append(piece->bytes);
        if (piece->is_last) co_return all;
      }
    };
    Running<std::string> running(read(cut_reader));
    other.send(wire.substr(0, cut));
    other.send(wire.substr(cut));
    ASSERT_TRUE(running.is_done());
    EXPECT_EQ(running.result(), body);
    EXPECT_TRUE(cut_reader.ended());
    cut_reader.finish_piece();
    if (own.unread().size() < left.size()) {  // the last cut was behind the body
      async::IoOperation operation;
      own.start_fill(operation, kLong);
    }
    EXPECT_EQ(own.unread(), left);
  }
};

TEST_F(BodyReaderTest, WithoutABodyThereIsOneEmptyLastPiece) {
  reader.begin(BodyLength::none());
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(async::finish(read_all()), "");
  EXPECT_EQ(async::finish(read_all()), "");
}

TEST_F(BodyReaderTest, LookingAheadTellsWhatHasArrivedAndTakesNothing) {
  auto arrived = [](BodyLength length, std::string_view wire) {
    async::MemoryPeer other;
    async::StreamPtr own = other.stream();
    other.send(wire);
    async::IoOperation operation;
    own->start_fill(operation, kLong);
    BodyReader ahead(*own, Side::kDownstream);
    ahead.begin(length);
    auto bytes = ahead.look_ahead();
    EXPECT_EQ(own->unread(), wire);
    return bytes ? std::to_string(*bytes) : bytes.error().what;
  };
  EXPECT_EQ(arrived(BodyLength::sized(3), "abcd"), "3");
  EXPECT_EQ(arrived(BodyLength::sized(9), "abcd"), "4");
  EXPECT_EQ(arrived(BodyLength::chunked(), "3\r\nabc\r\n2\r\nd"), "4");
  EXPECT_EQ(arrived(BodyLength::chunked(), "3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), "3");
  EXPECT_TRUE(arrived(BodyLength::chunked(), "3\r\nabcX").starts_with("broken chunked body"));
}

TEST_F(BodyReaderTest, ASizedBodyEndsAtItsLengthHoweverItIsCut) {
  expect_at_every_cut(BodyLength::sized(5), "helloGET /", "hello", "GET /");
}

TEST_F(BodyReaderTest, AChunkedBodyEndsAfterItsTrailersHoweverItIsCut) {
  expect_at_every_cut(BodyLength::chunked(), "5;x=\"a\"\r\nhello\r\n1\r\n!\r\n0\r\nDigest: x\r\n\r\nGET /", "hello!",
                      "GET /");
}

TEST_F(BodyReaderTest, ABodyWithoutALengthEndsWithTheConnection) {
  reader.begin(BodyLength::until_close());
  Running<std::string> running(read_all());
  peer.send("hel");
  peer.send("lo");
  EXPECT_FALSE(running.is_done());
  peer.end();
  EXPECT_EQ(running.result(), "hello");
}

TEST_F(BodyReaderTest, AResetIsNoEndOfABodyWithoutALength) {
  reader.begin(BodyLength::until_close());
  Running<std::string> running(read_all());
  peer.send("hel");
  peer.reset();
  EXPECT_EQ(running.result(), error(ErrorCode::kClosed));
}

TEST_F(BodyReaderTest, ABodyThatBreaksOffNeverEnds) {
  for (BodyLength length : {BodyLength::sized(5), BodyLength::chunked()}) {
    async::MemoryPeer other;
    async::StreamPtr own = other.stream();
    BodyReader broken(*own, Side::kDownstream);
    broken.begin(length);
    other.send("1\r\n");
    other.end();
    Result<Chunk> piece;
    while ((piece = async::finish(broken.read(kLong))) && !piece->is_last) {
    }
    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().code, ErrorCode::kClosed);
    EXPECT_EQ(piece.error().side, Side::kDownstream);
    EXPECT_FALSE(broken.ended());
    EXPECT_FALSE(async::finish(broken.read(kLong)));
  }
}

TEST_F(BodyReaderTest, NothingBehindABrokenChunkIsTakenForAMessage) {
  reader.begin(BodyLength::chunked());
  peer.send("zz\r\nGET /secret HTTP/1.1\r\n\r\n");
  EXPECT_EQ(async::finish(read_all()), error(ErrorCode::kProtocol));
  EXPECT_FALSE(reader.ended());
  EXPECT_EQ(async::finish(read_all()), error(ErrorCode::kClosed));
}

TEST_F(BodyReaderTest, ABodyThatDoesNotComeInTimeNeverEnds) {
  reader.begin(BodyLength::sized(5));
  Running<std::string> running(read_all());
  peer.send("he");
  EXPECT_EQ(peer.fill_timeout(), kLong);
  peer.let_fill_time_out();
  EXPECT_EQ(running.result(), error(ErrorCode::kTimeout));
  EXPECT_FALSE(reader.ended());
}

TEST_F(BodyReaderTest, ADroppedReadLosesNothing) {
  reader.begin(BodyLength::chunked());
  {
    Running<std::string> dropped(read_all());
    peer.send("5\r\n");
  }
  peer.send("hello\r\n0\r\n\r\n");
  EXPECT_EQ(async::finish(read_all()), "hello");
}

TEST_F(BodyReaderTest, WhatHasArrivedNeedsNoWait) {
  reader.begin(BodyLength::chunked());
  Result<Chunk> piece;
  EXPECT_FALSE(reader.read_arrived(piece));
  peer.send("2\r\nab\r\n3");
  Running<Result<Chunk>> running(reader.read(kLong));
  EXPECT_EQ(running.result()->bytes, "ab");
  EXPECT_FALSE(reader.read_arrived(piece)) << "the rest is framing only";
  peer.send("\r\nabc\r\n");
  Running<Result<Chunk>> next(reader.read(kLong));
  EXPECT_EQ(next.result()->bytes, "abc");
}

}  // namespace
}  // namespace sallyport::wire
