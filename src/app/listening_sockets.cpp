#include "app/listening_sockets.h"

#include "async/sockets.h"
#include "base/bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sallyport::app {
namespace {

bool listens(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on == 1;
}

Result<ListeningSocket> parse_pair(std::string_view pair) {
  const std::size_t equals = pair.rfind('=');
  const auto number = equals == pair.npos ? std::nullopt : parse_unsigned(pair.substr(equals + 1));
  if (!number || *number > 1'000'000) return fail(ErrorCode::kInvalid, fmt::format("{} is no ADDRESS=NUMBER", pair));
  const int fd = static_cast<int>(*number);
  async::Address address = async::local_address_of(fd);
  if (!listens(fd) || address.to_string() != pair.substr(0, equals)) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: descriptor {} is no socket that listens there", pair, fd));
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return ListeningSocket{address, fd};
}

}  // namespace

std::string print_sockets(const SocketList& sockets) {
  std::string text;
  for (const ListeningSocket& socket : sockets) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", socket.address.to_string(), socket.fd);
  }
  return text;
}

Result<SocketList> parse_sockets(std::string_view text) {
  SocketList sockets;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    TRY(ListeningSocket socket, parse_pair(text.substr(0, comma)));
    sockets.push_back(socket);
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return sockets;
}

bool ListeningSockets::inherits(const async::Address& address) const {
  return std::ranges::find(inherited_, address, &ListeningSocket::address) != inherited_.end();
}

Result<std::vector<int>> ListeningSockets::take(async::Address address, std::size_t least, async::SharePort share) {
  std::vector<int> all;
  std::erase_if(inherited_, [&](const ListeningSocket& socket) {
    if (socket.address != address) return false;
    all.push_back(socket.fd);
    return true;
  });
  while (all.size() < least) {
    auto fresh = async::bind_socket(address, share);
    if (!fresh) {
      for (int fd : all) ::close(fd);
      return fail(std::move(fresh).error());
    }
    all.push_back(*fresh);
    address = async::local_address_of(*fresh);  // with port 0, the others take the port that the first one got
  }
  for (int fd : all) taken_.push_back({address, fd});
  return all;
}

void ListeningSockets::close_untaken() {
  for (const ListeningSocket& socket : std::exchange(inherited_, {})) ::close(socket.fd);
}

}  // namespace sallyport::app
