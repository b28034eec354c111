#include "http/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

TEST(Authority, TakesNamesAddressesAndPorts) {
  EXPECT_EQ(parse_authority("a-b_c.test")->host, "a-b_c.test");
  EXPECT_EQ(parse_authority("a.test:8080")->port, 8080);
  EXPECT_EQ(parse_authority("a.test:8080")->host, "a.test");
  EXPECT_EQ(parse_authority("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_authority("a.test:00000000000000000000080")->port, 80);
  EXPECT_EQ(parse_authority("[::1]:65535")->host, "[::1]");
  EXPECT_EQ(parse_authority("[::ffff:1.2.3.4]")->port, std::nullopt);
  EXPECT_EQ(parse_authority("a.test:")->port, std::nullopt);
}

TEST(Authority, RefusesWhatIsNoHost) {
  using namespace std::string_literals;
  for (const auto& text : {""s,
                           ":80"s,
                           "user@a.test"s,
                           "a.test:80:81"s,
                           "a.test:http"s,
                           "a.test:65536"s,
                           "a.test:18446744073709551617"s,
                           "a.test:-1"s,
                           "[::1"s,
                           "::1"s,
                           "[]"s,
                           "[a.test]"s,
                           "[::1]x"s,
                           "[::1%25eth0]"s,
                           "[v1.x]"s,
                           "a/b"s,
                           "a b"s,
                           "a,b"s,
                           "a\\b"s,
                           "a\tb"s,
                           "a\0"s,
                           "[::1\0]"s,
                           "a%41"s,
                           "\xc3\xa4.test"s,
                           "a?b"s,
                           "a#b"s,
                           "a\"b"s,
                           "[0000:0000:0000:0000:0000:0000:0000:0000:0000]"s}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(Authority, NamesAreNoLongerThanNamesCanBe) {
  EXPECT_TRUE(parse_authority(std::string(255, 'a') + ":80"));
  EXPECT_FALSE(parse_authority(std::string(256, 'a')));
}

}  // namespace
}  // namespace sallyport::http
