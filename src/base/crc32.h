#pragma once
// The checksum CRC-32 of gzip, zlib and Ethernet (RFC 1952, section 8): fast and spreading, no protection against
// anybody.

#include <cstdint>
#include <string_view>

namespace sallyport {

// A checksum over pieces: what is added afterwards continues it.
class Crc32 {
 public:
  constexpr Crc32() noexcept = default;
  void add(std::string_view bytes) noexcept;
  std::uint32_t value() const noexcept { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffff;
};

inline std::uint32_t crc32_of(std::string_view bytes) noexcept {
  Crc32 sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace sallyport
