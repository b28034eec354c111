#include "app/listening_sockets.h"

#include "async/sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace sallyport::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ListeningSocket listening(async::Address address = *async::Address::from_ip("127.0.0.1", 0)) {
  const int fd = async::bind_socket(address, async::SharePort::kYes).value();
  EXPECT_TRUE(async::start_listening(fd));
  return {async::local_address_of(fd), fd};
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

std::string why_not(const std::string& text) {
  auto sockets = parse_sockets(text);
  return sockets ? "they were taken" : sockets.error().what;
}

TEST(ListeningSockets, AreReadAsTheyArePrinted) {
  const SocketList sockets{listening(), listening(*async::Address::from_ip("::1", 0))};
  auto read = parse_sockets(print_sockets(sockets));
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_THAT(*read, SizeIs(2));
  for (std::size_t i : {0u, 1u}) {
    EXPECT_EQ((*read)[i].fd, sockets[i].fd);
    EXPECT_EQ((*read)[i].address, sockets[i].address);
    EXPECT_EQ(::fcntl((*read)[i].fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ::close((*read)[i].fd);
  }
  EXPECT_THAT(parse_sockets("").value(), IsEmpty());
}

TEST(ListeningSockets, WhatIsNoneIsRefusedByName) {
  const ListeningSocket socket = listening();
  const int unheard = async::bind_socket(*async::Address::from_ip("127.0.0.1", 0), async::SharePort::kYes).value();
  const std::string own = socket.address.to_string();
  EXPECT_THAT(why_not(own), HasSubstr(own + " is no ADDRESS=NUMBER"));
  EXPECT_THAT(why_not(own + "=three"), HasSubstr("is no ADDRESS=NUMBER"));
  EXPECT_THAT(why_not(fmt::format("{}={},", own, socket.fd)), HasSubstr("they were taken"));
  EXPECT_THAT(why_not(fmt::format("127.0.0.1:1={}", socket.fd)), HasSubstr("is no socket that listens there"));
  EXPECT_THAT(why_not(fmt::format("{}={}", async::local_address_of(unheard).to_string(), unheard)),
              HasSubstr("is no socket that listens there"));
  EXPECT_THAT(why_not(own + "=999999"), HasSubstr("descriptor 999999 is no socket that listens there"));
  ::close(socket.fd);
  ::close(unheard);
}

TEST(ListeningSockets, EveryInheritedOneIsTakenAndNewOnesAreAdded) {
  const ListeningSocket first = listening();
  const ListeningSocket second = listening(first.address);
  ListeningSockets sockets({first, second});
  EXPECT_TRUE(sockets.inherits(first.address));
  auto taken = sockets.take(first.address, 1, async::SharePort::kYes);
  ASSERT_TRUE(taken);
  EXPECT_THAT(*taken, ElementsAre(first.fd, second.fd)) << "connections may wait in each";
  EXPECT_FALSE(sockets.inherits(first.address));

  ListeningSockets more({first});
  auto three = more.take(first.address, 3, async::SharePort::kYes);
  ASSERT_TRUE(three) << three.error().what;
  EXPECT_THAT(*three, SizeIs(3));
  ASSERT_THAT(more.taken(), SizeIs(3));
  for (const ListeningSocket& socket : more.taken()) EXPECT_EQ(socket.address, first.address);
  for (int fd : *three) ::close(fd);
  ::close(second.fd);
}

TEST(ListeningSockets, NewOnesShareThePortThatTheFirstGot) {
  ListeningSockets sockets({});
  auto two = sockets.take(*async::Address::from_ip("127.0.0.1", 0), 2, async::SharePort::kYes);
  ASSERT_TRUE(two);
  EXPECT_EQ(async::local_address_of((*two)[0]), async::local_address_of((*two)[1]));
  for (int fd : *two) ::close(fd);
}

TEST(ListeningSockets, OnesThatNobodyTookAreClosed) {
  const ListeningSocket kept = listening();
  const ListeningSocket left = listening();
  {
    ListeningSockets sockets({kept, left});
    EXPECT_THAT(sockets.take(kept.address, 1, async::SharePort::kYes).value(), ElementsAre(kept.fd));
  }
  EXPECT_TRUE(is_open(kept.fd));
  EXPECT_FALSE(is_open(left.fd));
  ::close(kept.fd);
}

}  // namespace
}  // namespace sallyport::app
