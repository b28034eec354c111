#include "proxy/client_connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <string_view>
#include <thread>
#include <vector>

namespace sallyport::proxy {
namespace {

using Refusal = ClientConnections::Refusal;

async::Address at(std::string_view ip) { return async::Address::from_ip(ip, 1234).value(); }

// Connections that stay.
struct Crowd {
  explicit Crowd(ClientConnections::Most most) : limits(most, 1) {}
  Refusal come(std::string_view ip) {
    ClientConnections::Place place;
    Refusal refusal = limits.admit(place, 0, 3);
    if (refusal == Refusal::kNone) refusal = limits.admit_address(at(ip), place);
    if (refusal == Refusal::kNone) places.push_back(std::move(place));
    return refusal;
  }
  ClientConnections limits;
  std::list<ClientConnections::Place> places;
};

TEST(ClientConnections, WithoutLimitsAllAreCountedAndAdmitted) {
  Crowd crowd({});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.limits.connections(), 100u);
  crowd.places.clear();
  EXPECT_EQ(crowd.limits.connections(), 0u);
}

TEST(ClientConnections, AllTogetherHaveAsManyAsTheyMay) {
  Crowd crowd({.connections = 2});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.2"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.3"), Refusal::kConnections);
  EXPECT_EQ(crowd.limits.connections(), 2u) << "who was refused does not count";
  crowd.places.pop_front();
  EXPECT_EQ(crowd.come("192.0.2.3"), Refusal::kNone);
}

TEST(ClientConnections, TheLastDescriptorsAreNotForClients) {
  ClientConnections limits({.descriptors = 100}, 1);
  ClientConnections::Place last, next;
  EXPECT_EQ(limits.admit(last, 0, 99), Refusal::kNone);
  EXPECT_EQ(limits.admit(next, 0, 100), Refusal::kDescriptors);
  EXPECT_EQ(limits.connections(), 1u) << "who was refused does not count";
}

TEST(ClientConnections, AnAddressLeavesTheOthersTheirShare) {
  Crowd crowd({.connections = 0, .per_address = 2});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kAddress);
  EXPECT_EQ(crowd.come("192.0.2.2"), Refusal::kNone);
  EXPECT_EQ(crowd.limits.connections(), 3u);
  crowd.places.pop_front();
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
}

TEST(ClientConnections, AnAddressOfIpv4IsTheSameWithinIpv6) {
  Crowd crowd({.connections = 0, .per_address = 1});
  EXPECT_EQ(crowd.come("192.0.2.1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("::ffff:192.0.2.1"), Refusal::kAddress);
}

TEST(ClientConnections, OfIpv6ANetworkCountsAsOne) {
  Crowd crowd({.connections = 0, .per_address = 1});
  EXPECT_EQ(crowd.come("2001:db8:1:2::1"), Refusal::kNone);
  EXPECT_EQ(crowd.come("2001:db8:1:2:ffff::9"), Refusal::kAddress);
  EXPECT_EQ(crowd.come("2001:db8:1:3::1"), Refusal::kNone);
}

TEST(ClientConnections, UnixSocketsHaveNoAddress) {
  ClientConnections limits({.connections = 0, .per_address = 1}, 1);
  ClientConnections::Place first, second;
  const auto socket = async::Address::from_unix_path("/tmp/x").value();
  for (auto* place : {&first, &second}) {
    EXPECT_EQ(limits.admit(*place, 0, 3), Refusal::kNone);
    EXPECT_EQ(limits.admit_address(socket, *place), Refusal::kNone);
  }
}

TEST(ClientConnections, WorkersCountTogether) {
  ClientConnections limits({.connections = 0, .per_address = 1'000}, 4);
  std::vector<std::thread> workers;
  workers.reserve(4);
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&limits, worker] {
      for (int i = 0; i < 1'000; ++i) {
        ClientConnections::Place place;
        EXPECT_EQ(limits.admit(place, worker, 3), Refusal::kNone);
        EXPECT_EQ(limits.admit_address(at("192.0.2.7"), place), Refusal::kNone);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(limits.connections(), 0u);
  for (std::size_t worker = 0; worker < limits.workers(); ++worker) EXPECT_EQ(limits.connections_of(worker), 0u);
}

// Workers that get connections as the kernel happens to spread them.
struct House {
  explicit House(std::size_t workers) : connections({}, workers), places(workers) {}
  std::size_t come(std::size_t accepting) {
    const std::size_t worker = connections.worker_for_next(accepting);
    EXPECT_EQ(connections.admit(places[worker].emplace_back(), worker, 3), Refusal::kNone);
    return worker;
  }
  std::vector<std::uint32_t> open() const {
    std::vector<std::uint32_t> counts;
    counts.reserve(connections.workers());
    for (std::size_t worker = 0; worker < connections.workers(); ++worker) {
      counts.push_back(connections.connections_of(worker));
    }
    return counts;
  }
  ClientConnections connections;
  std::vector<std::list<ClientConnections::Place>> places;
};

TEST(ClientConnections, AFewThatAllComeToOneWorkerAreServedByAll) {
  House house(4);
  for (int i = 0; i < 8; ++i) house.come(2);
  EXPECT_THAT(house.open(), testing::ElementsAre(2, 2, 2, 2));
}

TEST(ClientConnections, AWorkerKeepsWhatItGetsUpToAQuarterAboveTheMean) {
  House house(2);
  for (int i = 0; i < 200; ++i) house.come(i % 2);
  EXPECT_THAT(house.open(), testing::ElementsAre(100, 100));
  for (int i = 0; i < 1'000; ++i) house.come(0);
  EXPECT_THAT(house.open(), testing::ElementsAre(750, 450));
}

TEST(ClientConnections, AWorkerWhoseConnectionsHaveEndedGetsThoseOfACrowdedOne) {
  House house(2);
  for (int i = 0; i < 40; ++i) house.come(i % 2);
  house.places[1].clear();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(house.come(0), 1u);
  EXPECT_EQ(house.come(1), 1u);
}

TEST(ClientConnections, AnOnlyWorkerServesThemAll) {
  House house(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(house.come(0), 0u);
}

}  // namespace
}  // namespace sallyport::proxy
