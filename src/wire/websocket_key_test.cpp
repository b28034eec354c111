#include "wire/websocket_key.h"

#include "base/base64.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

TEST(WebsocketKey, TheAnswerIsThatOfTheRfcsExample) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebsocketKey, EachIsAnotherOfSixteenBytes) {
  const std::string one = make_websocket_key();
  EXPECT_EQ(base64_decode(one).value_or("").size(), 16u);
  EXPECT_NE(one, make_websocket_key());
}

}  // namespace
}  // namespace sallyport::wire
