#pragma once
// The moments of an exchange at which plugins are called, in their order.

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace sallyport::chain {

enum class Phase : std::uint8_t {
  kRewrite,
  kAccess,
  kBeforeProxy,  // once per try
  kRequestBody,
  kRequestTrailers,
  kResponseHeaders,
  kResponseBody,
  kResponseTrailers,
  kLog,
};
inline constexpr std::size_t kPhases = 9;

class PhaseSet {
 public:
  constexpr PhaseSet() = default;
  constexpr PhaseSet(std::initializer_list<Phase> phases) {
    for (Phase phase : phases) add(phase);
  }
  constexpr void add(Phase phase) { bits_ |= bit(phase); }
  constexpr bool has(Phase phase) const { return (bits_ & bit(phase)) != 0; }
  constexpr bool has_any_of(PhaseSet other) const { return (bits_ & other.bits_) != 0; }
  friend constexpr bool operator==(PhaseSet, PhaseSet) = default;

 private:
  static constexpr std::uint16_t bit(Phase phase) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(phase));
  }
  std::uint16_t bits_ = 0;
};

}  // namespace sallyport::chain
