#include "async/sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::async {
namespace {

Address address_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size), 0);
  return {reinterpret_cast<const sockaddr*>(&storage), size};
}

TEST(Sockets, AnAddressIsListenedOnAsLongAsASocketListensThere) {
  for (SharePort share : {SharePort::kYes, SharePort::kNo}) {
    auto fd = open_listening_socket(*Address::from_ip("127.0.0.1", 0), share);
    ASSERT_TRUE(fd) << fd.error().what;
    Address address = address_of(*fd);
    EXPECT_TRUE(is_listened_on(address));
    EXPECT_TRUE(is_listened_on(*Address::from_ip("0.0.0.0", address.port())));
    ::close(*fd);
    EXPECT_FALSE(is_listened_on(address));
  }
}

TEST(Sockets, NobodyListensOnAPortThatIsYetToBeChosen) {
  EXPECT_FALSE(is_listened_on(*Address::from_ip("127.0.0.1", 0)));
}

}  // namespace
}  // namespace sallyport::async
