#include "base/keyed_digest.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace sallyport {
namespace {

std::uint64_t little_endian(const void* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

void put_little_endian(std::uint64_t word, std::uint8_t* to) {
  if (std::endian::native != std::endian::little) word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  void mix() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    mix();
    mix();
    v0 ^= word;
  }
  std::uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) mix();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

KeyedDigest keyed_digest(const DigestKey& key, std::string_view bytes) {
  const std::uint64_t k0 = little_endian(key.data()), k1 = little_endian(key.data() + 8);
  State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261,
              k1 ^ 0x7465646279746573};
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) state.absorb(little_endian(bytes.data() + at));
  std::uint64_t last = std::uint64_t{bytes.size()} << 56;
  for (std::size_t at = whole; at < bytes.size(); ++at) {
    last |= std::uint64_t{static_cast<std::uint8_t>(bytes[at])} << (8 * (at - whole));
  }
  state.absorb(last);
  KeyedDigest digest{};
  state.v2 ^= 0xee;
  put_little_endian(state.squeeze(), digest.data());
  state.v1 ^= 0xdd;
  put_little_endian(state.squeeze(), digest.data() + 8);
  return digest;
}

}  // namespace sallyport
