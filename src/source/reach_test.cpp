#include "source/reach.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

constexpr bool kNamed = true, kElsewhere = false, kFromPublic = true, kFromPrivate = false;

Addresses at(const char* ip) {
  Addresses addresses;
  addresses.push_back({*async::Address::from_ip(ip, 0), {}});
  return addresses;
}

TEST(Reach, OfWhatTheSourceNamesIsEverythingButTheLink) {
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "192.0.2.1", "::1", "fd00::1", "2001:db8::1"}) {
    EXPECT_TRUE(may_reach("h", at(ip), kNamed, kFromPublic)) << ip;
  }
  for (const char* ip : {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"}) {
    EXPECT_FALSE(may_reach("h", at(ip), kNamed, kFromPrivate)) << ip;
  }
}

TEST(Reach, OfWhereAPublicServerLeadsIsThePublicInternet) {
  for (const char* ip : {"127.0.0.1", "0.0.0.0", "10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.1.1", "::1",
                         "::", "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"}) {
    EXPECT_FALSE(may_reach("h", at(ip), kElsewhere, kFromPublic)) << ip;
  }
  EXPECT_TRUE(may_reach("h", at("192.0.2.1"), kElsewhere, kFromPublic));
  EXPECT_TRUE(may_reach("h", at("2001:db8::1"), kElsewhere, kFromPublic));
}

TEST(Reach, OfWhereAPrivateServerLeadsIsItsNetworkToo) {
  EXPECT_TRUE(may_reach("h", at("10.1.2.3"), kElsewhere, kFromPrivate));
  EXPECT_FALSE(may_reach("h", at("169.254.169.254"), kElsewhere, kFromPrivate));
}

TEST(Reach, CountsEachOfSeveralAddresses) {
  Addresses both = at("192.0.2.1");
  both.push_back(at("10.0.0.1").front());
  EXPECT_FALSE(may_reach("h", both, kElsewhere, kFromPublic));
}

}  // namespace
}  // namespace sallyport::source
