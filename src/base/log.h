#pragma once
// The front of the gateway's own log: where lines go is decided once, by `app`. Any thread may log.

#include <fmt/core.h>

#include <cstdint>
#include <string_view>

namespace sallyport::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

// Takes finished messages; called from any thread, must not throw. The default writes to standard error.
using Sink = void (*)(Level level, std::string_view message);
void set_sink(Sink sink) noexcept;
void set_level(Level lowest) noexcept;
bool enabled(Level level) noexcept;
std::string_view name(Level level) noexcept;
void write(Level level, std::string_view message) noexcept;

// Cold: what leads to a line of the log is laid out away from what does not.
template <class... Args>
[[gnu::cold]] void at(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
[[gnu::cold]] void debug(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kDebug, format, std::forward<Args>(args)...);
}
template <class... Args>
[[gnu::cold]] void info(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kInfo, format, std::forward<Args>(args)...);
}
template <class... Args>
[[gnu::cold]] void warn(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kWarn, format, std::forward<Args>(args)...);
}
template <class... Args>
[[gnu::cold]] void error(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kError, format, std::forward<Args>(args)...);
}

}  // namespace sallyport::log
