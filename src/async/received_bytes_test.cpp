#include "async/received_bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::async {
namespace {

struct ReceivedBytesTest : testing::Test {
  BufferPool pool;
  ReceivedBytes received{pool};

  void arrive(std::string_view bytes) {
    auto buffer = pool.get(pool.large());
    std::memcpy(buffer.get(), bytes.data(), bytes.size());
    received.push(std::move(buffer), bytes.size());
  }
};

TEST_F(ReceivedBytesTest, WhatArrivesIsUnreadOnceItIsShown) {
  EXPECT_FALSE(received.show_more());
  arrive("abc");
  EXPECT_EQ(received.unread(), "");
  EXPECT_TRUE(received.show_more());
  EXPECT_EQ(received.unread(), "abc");
  received.consume(1);
  EXPECT_EQ(received.unread(), "bc");
  received.consume(2);
  EXPECT_EQ(received.unread(), "");
}

TEST_F(ReceivedBytesTest, LittlePiecesShareABuffer) {
  for (char letter = 'a'; letter <= 'z'; ++letter) arrive(std::string(1, letter));
  EXPECT_EQ(received.queued_buffers(), 1u);
  EXPECT_TRUE(received.show_more());
  EXPECT_EQ(received.unread(), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_FALSE(received.show_more());
}

TEST_F(ReceivedBytesTest, WhatIsShownKeepsItsPlaceWhileMoreArrives) {
  arrive("abc");
  received.show_more();
  const char* place = received.unread().data();
  arrive("def");
  EXPECT_EQ(received.unread().data(), place);
  EXPECT_EQ(received.unread(), "abc");
}

TEST_F(ReceivedBytesTest, MoreIsAddedBehindWhatIsUnread) {
  std::string large(pool.large(), 'x');
  std::string all;
  for (std::string_view piece : {std::string_view("head"), std::string_view(large), std::string_view(large)}) {
    arrive(piece);
    ASSERT_TRUE(received.show_more());
    all += piece;
    EXPECT_EQ(received.unread(), all);
  }
}

TEST_F(ReceivedBytesTest, FewUnreadBytesMoveIntoASmallBufferWithoutChange) {
  arrive("xxpart of a head");
  received.show_more();
  received.consume(2);
  const char* place = received.unread().data();
  received.keep_in_little();
  EXPECT_NE(received.unread().data(), place);
  EXPECT_EQ(received.unread(), "part of a head");
  arrive(", and its rest");
  received.show_more();
  EXPECT_EQ(received.unread(), "part of a head, and its rest");
}

TEST_F(ReceivedBytesTest, PiecesQueueInOrder) {
  std::string a(pool.large(), 'a'), b(pool.large(), 'b');
  arrive(a);
  arrive(b);
  EXPECT_EQ(received.queued_buffers(), 2u);
  received.show_more();
  EXPECT_EQ(received.unread(), a);
  received.consume(a.size());
  received.show_more();
  EXPECT_EQ(received.unread(), b);
}

}  // namespace
}  // namespace sallyport::async
