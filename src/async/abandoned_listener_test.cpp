#include "async/abandoned_listener.h"

#include "async/sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace sallyport::async {
namespace {

// Puts the descriptor into a message that nobody has read.
void post(int to, int fd) {
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(to, &message, 0), 1);
}

TEST(AbandonedListener, IsOneThatNoProcessHasOpen) {
  int listener = bind_socket(*Address::from_ip("127.0.0.1", 0), SharePort::kYes).value();
  ASSERT_TRUE(start_listening(listener));
  const Address address = local_address_of(listener);
  EXPECT_FALSE(has_abandoned_listener(address)) << "it is shared on purpose";
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  post(pair[0], listener);
  ::close(listener);
  EXPECT_TRUE(has_abandoned_listener(address)) << "it is held by the kernel alone";
  ::close(pair[0]);
  ::close(pair[1]);
  EXPECT_FALSE(has_abandoned_listener(address));
}

}  // namespace
}  // namespace sallyport::async
