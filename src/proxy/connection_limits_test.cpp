#include "proxy/connection_limits.h"

#include <gtest/gtest.h>

#include <list>
#include <string_view>
#include <thread>
#include <vector>

namespace sallyport::proxy {
namespace {

using Refusal = ConnectionLimits::Refusal;

async::Address at(std::string_view ip) { return async::Address::from_ip(ip, 1234).value(); }

// Connections that stay.
struct Crowd {
  explicit Crowd(ConnectionLimits::Most most) : limits(most) {}
  Refusal come(std::string_view ip) {
    ConnectionLimits::Place place;
    Refusal refusal = limits.admit(place);
    if (refusal == Refusal::kNone) refusal = limits.admit_address(at(ip), place);
    if (refusal == Refusal::kNone) places.push_back(std::move(place));
    return refusal;
  }
  ConnectionLimits limits;
  std::list<ConnectionLimits::Place> places;
};

TEST(ConnectionLimits, WithoutLimitsAllAreCountedAndAdmitted) {
  Crowd crowd({});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.limits.connections(), 100u);
  crowd.places.clear();
  EXPECT_EQ(crowd.limits.connections(), 0u);
}

TEST(ConnectionLimits, AllTogetherHaveAsManyAsTheyMay) {
  Crowd crowd({.connections = 2});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.2"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.3"), Refusal::kConnections);
  EXPECT_EQ(crowd.limits.connections(), 2u) << "who was refused does not count";
  crowd.places.pop_front();
  EXPECT_EQ(crowd.come("192.0.2.3"), Refusal::kNone);
}

TEST(ConnectionLimits, AnAddressLeavesTheOthersTheirShare) {
  Crowd crowd({.connections = 0, .per_address = 2});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kAddress);
  EXPECT_EQ(crowd.come("192.0.2.2"), Refusal::kNone);
  EXPECT_EQ(crowd.limits.connections(), 3u);
  crowd.places.pop_front();
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
}

TEST(ConnectionLimits, AnAddressOfIpv4IsTheSameWithinIpv6) {
  Crowd crowd({.connections = 0, .per_address = 1});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("::ffff:192.0.2.1"), Refusal::kAddress);
}

TEST(ConnectionLimits, OfIpv6ANetworkCountsAsOne) {
  Crowd crowd({.connections = 0, .per_address = 1});
  EXPECT_EQ(crowd.come("2001:db8:1:2::1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("2001:db8:1:2:ffff::9"), Refusal::kAddress);
  EXPECT_EQ(crowd.come("2001:db8:1:3::1"), Refusal::kNone);
}

TEST(ConnectionLimits, UnixSocketsHaveNoAddress) {
  ConnectionLimits limits({.connections = 0, .per_address = 1});
  ConnectionLimits::Place first, second;
  const auto socket = async::Address::from_unix_path("/tmp/x").value();
  for (auto* place : {&first, &second}) {
    EXPECT_EQ(limits.admit(*place), Refusal::kNone);
    EXPECT_EQ(limits.admit_address(socket, *place), Refusal::kNone);
  }
}

TEST(ConnectionLimits, WorkersCountTogether) {
  ConnectionLimits limits({.connections = 0, .per_address = 1'000});
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&limits] {
      for (int i = 0; i < 1'000; ++i) {
        ConnectionLimits::Place place;
        EXPECT_EQ(limits.admit(place), Refusal::kNone);
        EXPECT_EQ(limits.admit_address(at("192.0.2.7"), place), Refusal::kNone);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(limits.connections(), 0u);
}

}  // namespace
}  // namespace sallyport::proxy
