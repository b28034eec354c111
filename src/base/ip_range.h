#pragma once
// Addresses and CIDR ranges of both families as values, and lists of ranges to match against.

#include "base/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport {

class IpAddress {
 public:
  // A literal, an IPv6 one with or without brackets; nothing when it is none.
  static std::optional<IpAddress> parse(std::string_view text);

  unsigned bits() const noexcept { return bits_; }  // 32 or 128
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  unsigned bits_ = 32;
};

class IpRange {
 public:
  // "10.0.0.0/8", "::1", "2001:db8::/32"; bits behind the prefix are ignored.
  // Error: kInvalid, "invalid ip address: x".
  static Result<IpRange> parse(std::string_view text);

  // False for an address of the other family.
  bool contains(const IpAddress& address) const noexcept;

 private:
  IpAddress base_;
  unsigned prefix_ = 0;
};

// A list of ranges; immutable once filled.
class IpRanges {
 public:
  Status add(std::string_view range);  // as IpRange::parse
  bool empty() const noexcept { return ranges_.empty(); }
  bool contains(const IpAddress& address) const noexcept;
  bool contains(std::string_view address) const noexcept;  // false for what is no address

 private:
  std::vector<IpRange> ranges_;
};

}  // namespace sallyport
