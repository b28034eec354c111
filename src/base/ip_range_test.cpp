#include "base/ip_range.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

bool matches(std::string_view range, std::string_view address) {
  IpRanges ranges;
  EXPECT_TRUE(ranges.add(range)) << range;
  return ranges.contains(address);
}

TEST(IpRange, ASingleAddressMatchesItselfAlone) {
  EXPECT_TRUE(matches("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(matches("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(matches("::1", "::1"));
  EXPECT_TRUE(matches("[::1]", "0:0:0:0:0:0:0:1"));
}

TEST(IpRange, APrefixNeedNotEndAtAByte) {
  EXPECT_TRUE(matches("10.16.0.0/12", "10.31.255.255"));
  EXPECT_FALSE(matches("10.16.0.0/12", "10.32.0.0"));
  EXPECT_TRUE(matches("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(matches("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(IpRange, ThePrefixOfNoBitsMatchesItsWholeFamily) {
  EXPECT_TRUE(matches("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(matches("0.0.0.0/0", "::1"));
  EXPECT_TRUE(matches("::/0", "fe80::1"));
}

TEST(IpRange, WhatIsNoAddressIsRefusedOrMatchesNothing) {
  EXPECT_FALSE(matches("0.0.0.0/0", "unix:"));
  EXPECT_FALSE(IpRange::parse("10.0.0.0/33"));
  EXPECT_FALSE(IpRange::parse("10.0.0/8"));
  EXPECT_FALSE(IpRange::parse("localhost"));
  EXPECT_FALSE(IpAddress::parse({"10.0.0.1\0x", 10}));
  auto range = IpRange::parse("::1/x");
  ASSERT_FALSE(range);
  EXPECT_EQ(range.error().what, "invalid ip address: ::1/x");
}

}  // namespace
}  // namespace sallyport
