#include "wire/websocket_key.h"

#include "base/base64.h"
#include "base/random.h"
#include "base/sha1.h"

#include <array>

namespace sallyport::wire {

namespace {

template <std::size_t kSize>
std::string in_base64(const std::array<unsigned char, kSize>& bytes) {
  return base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

std::string make_websocket_key() {
  std::array<unsigned char, 16> key{};
  fill_with_random(key);
  return in_base64(key);
}

std::string websocket_accept(std::string_view key) {
  constexpr std::string_view kSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return in_base64(sha1(std::string(key).append(kSuffix)));
}

}  // namespace sallyport::wire
