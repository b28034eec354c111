#include "http/message.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

TEST(ReasonPhrase, IsThatOfTheStatus) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
}

TEST(ReasonPhrase, IsEmptyForWhatHasNone) {
  for (int status : {-1, 0, 99, 104, 299, 599, 600, 1'000'000}) EXPECT_EQ(reason_phrase(status), "") << status;
}

TEST(StatusDigits, AreThoseOfTheStatus) {
  for (int status = 100; status < 600; ++status) EXPECT_EQ(status_digits(status), std::to_string(status));
}

TEST(StatusDigits, AreNoneWhereThereIsNoSuchStatus) {
  for (int status : {-1, 0, 99, 600, 1'000'000}) EXPECT_EQ(status_digits(status), "") << status;
}

}  // namespace
}  // namespace sallyport::http
