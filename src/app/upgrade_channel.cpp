#include "app/upgrade_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::app {

constexpr std::size_t kLongest = 16 * 1024;

UpgradeChannel::~UpgradeChannel() { ::close(socket_); }

void UpgradeChannel::say(std::string_view text) {
  ::send(socket_, text.data(), std::min(text.size(), kLongest), MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::optional<std::string> UpgradeChannel::hear() {
  std::string text(kLongest, '\0');
  const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
  if (size > 0) {
    text.resize(static_cast<std::size_t>(size));
    return text;
  }
  ended_ = size == 0 || (errno != EAGAIN && errno != EINTR);
  return std::nullopt;
}

}  // namespace sallyport::app
