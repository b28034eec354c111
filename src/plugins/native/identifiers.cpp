#include "plugins/native/identifiers.h"

#include "base/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace sallyport::plugins::native {
namespace {

using Uuid = std::array<unsigned char, 16>;

std::string text_of(const Uuid& uuid) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[uuid[i] >> 4]);
    text.push_back(kHex[uuid[i] & 15]);
  }
  return text;
}

void mark(Uuid& uuid, unsigned version) {
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | version << 4);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
}

// The milliseconds and the counter below them that order the UUIDs of one thread (RFC 9562 6.2, method 1).
struct Sequence {
  std::uint64_t milliseconds = 0;
  std::uint32_t counter = 0;

  void advance(std::uint64_t now) {
    if (now > milliseconds) {
      milliseconds = now;
      counter = random_below(0x800);
    } else if (++counter > 0xfff) {
      ++milliseconds;
      counter = 0;
    }
  }
};

}  // namespace

std::string make_uuid() {
  Uuid uuid;
  fill_with_random(uuid);
  mark(uuid, 4);
  return text_of(uuid);
}

std::string make_uuid_v7(WallTime now) {
  thread_local Sequence sequence;
  auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  sequence.advance(static_cast<std::uint64_t>(since_epoch));
  Uuid uuid;
  fill_with_random(uuid);
  for (unsigned i = 0; i < 6; ++i) uuid[i] = static_cast<unsigned char>(sequence.milliseconds >> (40 - 8 * i));
  uuid[6] = static_cast<unsigned char>(sequence.counter >> 8);
  uuid[7] = static_cast<unsigned char>(sequence.counter);
  mark(uuid, 7);
  return text_of(uuid);
}

std::string make_nanoid() {
  return make_from_alphabet("-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 21);
}

std::string make_ksuid(WallTime now) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::int64_t kEpoch = 1'400'000'000;
  auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count() - kEpoch;
  std::array<unsigned char, 20> number;
  fill_with_random(number);
  for (unsigned i = 0; i < 4; ++i) number[i] = static_cast<unsigned char>(seconds >> (24 - 8 * i));
  std::string text(27, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
    unsigned rest = 0;
    for (unsigned char& byte : number) {
      unsigned part = rest << 8 | byte;
      byte = static_cast<unsigned char>(part / 62);
      rest = part % 62;
    }
    *digit = kDigits[rest];
  }
  return text;
}

std::string make_from_alphabet(std::string_view alphabet, std::size_t length) {
  std::string text(length, '\0');
  std::ranges::generate(text, [&] { return alphabet[random_below(static_cast<std::uint32_t>(alphabet.size()))]; });
  return text;
}

}  // namespace sallyport::plugins::native
