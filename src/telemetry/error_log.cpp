#include "telemetry/error_log.h"

#include "telemetry/log_escape.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <iterator>

namespace sallyport::telemetry {
namespace {

std::atomic<LogFile*> installed = nullptr;

void to_installed(log::Level level, std::string_view message) {
  std::string line;
  append_error_line(line, std::chrono::system_clock::now(), level, message);
  if (LogFile* file = installed.load()) file->write(line);
}

}  // namespace

void install_error_log(LogFile* file) noexcept {
  installed = file;
  log::set_sink(file ? to_installed : nullptr);
}

void append_error_line(std::string& out, WallTime now, log::Level level, std::string_view message) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  fmt::format_to(std::back_inserter(out), "{}/{:02}/{:02} {:02}:{:02}:{:02} [{}] {}: ", local.tm_year + 1900,
                 local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, log::name(level),
                 ::getpid());
  append_on_one_line(out, message);
  out += '\n';
}

}  // namespace sallyport::telemetry
