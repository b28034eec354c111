#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

namespace sallyport::log {
namespace {

void to_standard_error(Level level, std::string_view message) {
  std::string line = fmt::format("[{}] {}\n", name(level), message);
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::atomic<Sink> current_sink = to_standard_error;
std::atomic<Level> lowest_level = Level::kInfo;

}  // namespace

void set_sink(Sink sink) noexcept { current_sink = sink ? sink : to_standard_error; }
void set_level(Level lowest) noexcept { lowest_level = lowest; }
bool enabled(Level level) noexcept { return level >= lowest_level.load(std::memory_order_relaxed); }

std::string_view name(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "error";
}

void write(Level level, std::string_view message) noexcept { current_sink.load()(level, message); }

}  // namespace sallyport::log
