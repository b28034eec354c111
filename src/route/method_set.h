#pragma once
// The methods that a route may name, as bits.

#include <cstdint>
#include <iterator>
#include <string_view>

namespace sallyport::route {

class MethodSet {
 public:
  constexpr MethodSet() = default;

  // The set of this one method; empty for a method that no route can name.
  static constexpr MethodSet of(std::string_view method) {
    constexpr std::string_view kNames[] = {"GET",  "POST",    "PUT",     "DELETE", "PATCH",
                                           "HEAD", "OPTIONS", "CONNECT", "TRACE",  "PURGE"};
    MethodSet set;
    for (unsigned i = 0; i < std::size(kNames); ++i) {
      if (kNames[i] == method) set.bits_ = static_cast<std::uint16_t>(1u << i);
    }
    return set;
  }

  constexpr void add(MethodSet other) { bits_ |= other.bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has_any_of(MethodSet other) const { return (bits_ & other.bits_) != 0; }

 private:
  std::uint16_t bits_ = 0;
};

}  // namespace sallyport::route
