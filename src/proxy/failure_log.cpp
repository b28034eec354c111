#include "proxy/failure_log.h"

#include <utility>

namespace sallyport::proxy {

void FailureLog::write(log::Level level, std::string_view line, SteadyTime now) {
  constexpr std::chrono::seconds kBetween{1};
  if (!log::enabled(level)) return;
  Turns& turns = turns_[static_cast<std::size_t>(level)];
  auto known = turns.find(line);
  if (known == turns.end()) {
    if (turns.size() >= kMostLines) turns.clear();
    turns.emplace(line, Turn{now, 0});
    return log::write(level, line);
  }
  Turn& turn = known->second;
  if (now - turn.written < kBetween) {
    ++turn.left_out;
    return;
  }
  turn.written = now;
  if (turn.left_out == 0) return log::write(level, line);
  log::at(level, "{}; {} more like it were left out", line, std::exchange(turn.left_out, 0));
}

}  // namespace sallyport::proxy
