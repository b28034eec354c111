#include "async/sockets.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sallyport::async {
namespace {

TEST(Sockets, AnAddressIsListenedOnAsLongAsASocketListensThere) {
  for (SharePort share : {SharePort::kYes, SharePort::kNo}) {
    auto fd = bind_socket(*Address::from_ip("127.0.0.1", 0), share);
    ASSERT_TRUE(fd) << fd.error().what;
    Address address = local_address_of(*fd);
    ASSERT_TRUE(start_listening(*fd));
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
