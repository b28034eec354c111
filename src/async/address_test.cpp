#include "async/address.h"

#include <gtest/gtest.h>

namespace sallyport::async {
namespace {

TEST(Address, ReadsAndPrintsIpv4) {
  Address address = *Address::from_ip("127.0.0.1", 8080);
  EXPECT_EQ(address.family(), AF_INET);
  EXPECT_EQ(address.port(), 8080);
  EXPECT_EQ(address.ip(), "127.0.0.1");
  EXPECT_EQ(address.to_string(), "127.0.0.1:8080");
  EXPECT_TRUE(address.is_loopback());
  EXPECT_FALSE(Address::from_ip("10.0.0.1", 1)->is_loopback());
}

TEST(Address, ReadsIpv6WithAndWithoutBrackets) {
  EXPECT_EQ(*Address::from_ip("[::1]", 1), *Address::from_ip("::1", 1));
  EXPECT_EQ(Address::from_ip("2001:DB8::1", 443)->to_string(), "[2001:db8::1]:443");
  EXPECT_TRUE(Address::from_ip("::ffff:127.0.0.1", 1)->is_loopback());
}

TEST(Address, RefusesWhatIsNoLiteral) {
  for (const char* bad : {"", "localhost", "127.0.0", "[127.0.0.1]", "1.2.3.4:80", "[::1", "::1]"}) {
    EXPECT_FALSE(Address::from_ip(bad, 1)) << bad;
  }
  EXPECT_FALSE(Address::from_ip({"10.0.0.1\0", 9}, 1));
  EXPECT_FALSE(Address::from_ip({"::1\0.b", 6}, 1));
}

TEST(Address, ChangesItsPort) {
  Address four = *Address::from_ip("10.1.2.3", 1), six = *Address::from_ip("::1", 1);
  four.set_port(65535);
  six.set_port(53);
  EXPECT_EQ(four.to_string(), "10.1.2.3:65535");
  EXPECT_EQ(six.to_string(), "[::1]:53");
  EXPECT_FALSE(four == *Address::from_ip("10.1.2.3", 1));
}

TEST(Address, KnowsUnixSockets) {
  Address address = *Address::from_unix_path("/run/a.sock");
  EXPECT_EQ(address.to_string(), "unix:/run/a.sock");
  EXPECT_EQ(address.port(), 0);
  EXPECT_TRUE(address.is_loopback());
  EXPECT_EQ(address, *Address::from_unix_path("/run/a.sock"));
  EXPECT_FALSE(address == *Address::from_unix_path("/run/b.sock"));
  EXPECT_FALSE(Address::from_unix_path(std::string(200, 'a')));
  EXPECT_FALSE(Address::from_unix_path(""));
}

}  // namespace
}  // namespace sallyport::async
