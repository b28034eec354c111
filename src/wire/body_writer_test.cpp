#include "wire/body_writer.h"

#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sallyport::wire {
namespace {

using async::finish;
using async::Running;
using http::BodyLength;
using Flush = BodyWriter::Flush;

constexpr Milliseconds kLong{10'000};

struct BodyWriterTest : testing::Test {
  async::MemoryPeer peer;
  async::StreamPtr stream = peer.stream();
  BodyWriter writer{*stream, Side::kUpstream};
  const std::string large = std::string(40'000, 'x');

  void begin(BodyLength length) {
    writer.buffer().append("HEAD|");
    writer.begin(length);
  }
  async::Task<Status> write(std::string_view bytes, bool is_last, Flush flush = Flush::kNow) {
    return writer.write({bytes, is_last}, flush, kLong);
  }
};

TEST_F(BodyWriterTest, AHeadWithoutABodyIsOneSend) {
  begin(BodyLength::none());
  EXPECT_FALSE(writer.ended());
  EXPECT_TRUE(finish(write({}, true)));
  EXPECT_EQ(peer.received(), "HEAD|");
  EXPECT_EQ(peer.sends(), 1u);
  EXPECT_TRUE(writer.ended());
}

TEST_F(BodyWriterTest, SmallPiecesLeaveTogether) {
  begin(BodyLength::sized(6));
  EXPECT_TRUE(finish(write("abc", false, Flush::kWhenLarge)));
  EXPECT_EQ(peer.received(), "");
  EXPECT_TRUE(finish(write("def", true, Flush::kWhenLarge)));
  EXPECT_EQ(peer.received(), "HEAD|abcdef");
  EXPECT_EQ(peer.sends(), 1u);
}

TEST_F(BodyWriterTest, AFlushSendsWhatIsGathered) {
  begin(BodyLength::chunked());
  EXPECT_TRUE(finish(write("abc", false, Flush::kWhenLarge)));
  EXPECT_TRUE(finish(writer.flush(kLong)));
  EXPECT_EQ(peer.received(), "HEAD|3\r\nabc\r\n");
  EXPECT_TRUE(finish(writer.flush(kLong)));
  EXPECT_EQ(peer.sends(), 1u) << "an empty flush costs nothing";
  EXPECT_FALSE(writer.ended());
  EXPECT_TRUE(finish(write({}, true)));
  EXPECT_EQ(peer.received(), "HEAD|3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(BodyWriterTest, GatheringStopsWhenItIsLarge) {
  begin(BodyLength::chunked());
  std::size_t pieces = 0;
  const std::string piece(1000, 'y');
  while (peer.sends() == 0 && pieces < 100) {
    EXPECT_TRUE(finish(write(piece, false, Flush::kWhenLarge)));
    ++pieces;
  }
  EXPECT_LT(pieces, 20u);
}

TEST_F(BodyWriterTest, ALargePieceIsOneSendWithItsFraming) {
  begin(BodyLength::chunked());
  EXPECT_TRUE(finish(write(large, false)));
  EXPECT_EQ(peer.received(), "HEAD|9c40\r\n" + large + "\r\n");
  EXPECT_EQ(peer.sends(), 1u);
  peer.take_received();
  EXPECT_TRUE(finish(write(large, true)));
  EXPECT_EQ(peer.received(), "9c40\r\n" + large + "\r\n0\r\n\r\n");
  EXPECT_EQ(peer.sends(), 2u);
  EXPECT_TRUE(writer.ended());
}

TEST_F(BodyWriterTest, ALargeSizedPieceIsOneSend) {
  begin(BodyLength::sized(large.size()));
  EXPECT_TRUE(finish(write(large, true)));
  EXPECT_EQ(peer.received(), "HEAD|" + large);
  EXPECT_EQ(peer.sends(), 1u);
}

TEST_F(BodyWriterTest, ASizedBodyIsNeitherLongerNorShorterThanAnnounced) {
  begin(BodyLength::sized(3));
  auto longer = finish(write("abcd", false));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, ErrorCode::kProtocol);
  auto shorter = finish(write("ab", true));
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().code, ErrorCode::kProtocol);
  EXPECT_FALSE(writer.ended());
}

TEST_F(BodyWriterTest, AMessageHasNotEndedWhileItsLastBytesWait) {
  peer.take_no_more();
  begin(BodyLength::sized(3));
  std::optional<Running<Status>> running(std::in_place, write("abc", true));
  EXPECT_FALSE(running->is_done());
  EXPECT_FALSE(writer.ended());
  peer.take(6);
  EXPECT_FALSE(writer.ended());
  EXPECT_EQ(stream->sent_bytes(), 6u);
  peer.take(100);
  EXPECT_TRUE(running->result());
  EXPECT_TRUE(writer.ended());
}

TEST_F(BodyWriterTest, AMessageWhoseLastWriteWasDroppedNeverEnds) {
  peer.take_no_more();
  begin(BodyLength::sized(3));
  {
    Running<Status> dropped(write("abc", true));
    peer.take(6);
  }
  EXPECT_FALSE(writer.ended());
  peer.take(100);
  EXPECT_EQ(peer.received(), "HEAD|a") << "nothing leaves after the write was dropped";
}

TEST_F(BodyWriterTest, AfterAFailureNothingIsSentAndNothingEnds) {
  peer.take_no_more();
  begin(BodyLength::sized(3));
  Running<Status> running(write("abc", true));
  peer.let_send_time_out();
  ASSERT_FALSE(running.result());
  EXPECT_EQ(running.result().error().code, ErrorCode::kTimeout);
  EXPECT_EQ(running.result().error().side, Side::kUpstream);
  EXPECT_FALSE(writer.ended());
  peer.take(1000);
  begin(BodyLength::none());
  EXPECT_FALSE(finish(write({}, true)));
  EXPECT_EQ(peer.received(), "");
}

TEST_F(BodyWriterTest, AMessageThatWaitsKeepsItsBytesWhileOthersAreWritten) {
  peer.take_no_more();
  begin(BodyLength::sized(3));
  Running<Status> waiting(write("abc", true));
  for (std::string_view body : {"one", "two"}) {
    async::MemoryPeer other;
    async::StreamPtr own = other.stream();
    BodyWriter beside(*own, Side::kUpstream);
    beside.buffer().append("OTHER|");
    beside.begin(BodyLength::sized(3));
    EXPECT_TRUE(finish(beside.write({body, true}, Flush::kNow, kLong)));
    EXPECT_EQ(other.received(), "OTHER|" + std::string(body));
  }
  peer.take(100);
  EXPECT_TRUE(waiting.result());
  EXPECT_EQ(peer.received(), "HEAD|abc");
}

TEST_F(BodyWriterTest, AResetFailsTheWriteThatWaits) {
  peer.take_no_more();
  begin(BodyLength::chunked());
  Running<Status> running(write("abc", false));
  peer.reset();
  ASSERT_FALSE(running.result());
  EXPECT_EQ(running.result().error().code, ErrorCode::kClosed);
}

TEST_F(BodyWriterTest, EveryPauseOfTheReaderGivesTheSameBytes) {
  const std::string expected = "HEAD|5\r\nhello\r\n9c40\r\n" + large + "\r\n0\r\n\r\n";
  for (std::size_t pause = 0; pause < 30; ++pause) {
    SCOPED_TRACE(pause);
    async::MemoryPeer slow;
    async::StreamPtr own = slow.stream();
    BodyWriter paused(*own, Side::kDownstream);
    slow.take_no_more();
    slow.take(pause);
    auto write_all = [](BodyWriter& to, std::string_view big) -> async::Task<bool> {
      to.buffer().append("HEAD|");
      to.begin(BodyLength::chunked());
      bool good = (co_await to.write({"hello", false}, Flush::kNow, kLong)).has_value();
      good = good && (co_await to.write({big, false}, Flush::kNow, kLong)).has_value();
      co_return good && (co_await to.write({{}, true}, Flush::kNow, kLong)).has_value();
    };
    Running<bool> running(write_all(paused, large));
    while (!running.is_done()) slow.take(997);
    EXPECT_TRUE(running.result());
    EXPECT_EQ(slow.received(), expected);
  }
}

}  // namespace
}  // namespace sallyport::wire
