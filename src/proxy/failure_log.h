#pragma once
// Lines about failures that come with every request as long as their cause lasts: the first is written at once, then
// one a second with the number of those left out. Belongs to one worker.

#include "base/clock.h"
#include "base/log.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sallyport::proxy {

class FailureLog {
 public:
  // Writes the line, if its turn has come. Levels have their turns apart: what nobody reads takes none away.
  void write(log::Level level, std::string_view line, SteadyTime now);

 private:
  struct Turn {
    SteadyTime written{};
    std::uint64_t left_out = 0;
  };
  using Turns = std::map<std::string, Turn, std::less<>>;
  static constexpr std::size_t kMostLines = 1'000;  // beyond: all are forgotten

  std::array<Turns, static_cast<std::size_t>(log::Level::kError) + 1> turns_;
};

}  // namespace sallyport::proxy
