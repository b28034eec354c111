// Whatever a gateway says it hands over: what is taken is a socket that listens at the address that is named. A `@`
// stands for "127.0.0.1:PORT=NUMBER" of a socket that does, a `~` for its address alone.

#include "app/listening_sockets.h"
#include "async/sockets.h"
#include "require.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;

app::ListeningSocket listening() {
  const auto bound = async::bind_socket(*async::Address::from_ip("127.0.0.1", 0), async::SharePort::kNo);
  require(bound && ::listen(*bound, 1) == 0);
  return {async::local_address_of(*bound), *bound};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const app::ListeningSocket ours = listening();
  std::string text;
  for (const char c : std::string_view(reinterpret_cast<const char*>(data), size)) {
    if (c == '@') {
      text += app::print_sockets({ours});
    } else if (c == '~') {
      text += ours.address.to_string();
    } else {
      text += c;
    }
  }
  const auto sockets = app::parse_sockets(text);
  if (!sockets) {
    require(!sockets.error().what.empty());
    return 0;
  }
  for (const app::ListeningSocket& socket : *sockets) require(socket.address == ours.address && socket.fd == ours.fd);
  return 0;
}
