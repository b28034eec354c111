#include "plugins/wasm/plugin_log.h"

#include "base/log.h"

namespace sallyport::wasm {
namespace {

constexpr std::size_t kLongestLine = 8192;
constexpr std::size_t kKeptLines = 50;

log::Level level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
    case LogLevel::kDebug:
      return log::Level::kDebug;
    case LogLevel::kInfo:
      return log::Level::kInfo;
    case LogLevel::kWarn:
      return log::Level::kWarn;
    default:
      return log::Level::kError;
  }
}

}  // namespace

std::string as_log_line(std::string_view text) {
  std::string line(text.substr(0, kLongestLine));
  for (char& c : line) {
    if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f') c = ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

void PluginLog::add(LogLevel level, std::string_view message, Counted counted) {
  bool written = log::enabled(level_of(level)) && mode_ == Mode::kWrite;
  if (!written && !remembers_ && mode_ == Mode::kWrite) return;
  written = written && (counted == Counted::kNo || admits_line());
  if (!written && !remembers_ && mode_ == Mode::kWrite) return;
  std::string line = as_log_line(message);
  if (written) print(level, line);
  if (mode_ == Mode::kKeep && kept_.size() < kKeptLines) kept_.emplace_back(level, line);
  if (remembers_) last_line_ = std::move(line);
}

void PluginLog::write_text(LogLevel level, std::string_view text) {
  if (begun_level_ != level) end_line();
  begun_level_ = level;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    begun_ += text.substr(0, end);
    end_line();
    text.remove_prefix(end + 1);
  }
  begun_ += text;
  if (begun_.size() > kLongestLine) end_line();
}

bool PluginLog::admits_line() {
  SteadyTime now = clock_.steady();
  if (now - second_begun_ >= std::chrono::seconds(1)) {
    report_left_out();
    second_begun_ = now;
    lines_ = 0;
  }
  if (lines_ < limit_) return ++lines_ > 0;
  ++left_out_;
  return false;
}

void PluginLog::report_left_out() {
  if (left_out_ == 0) return;
  log::warn("plugin {}: {} lines were left out, as it wrote more than its log_limit of {} within a second", plugin_,
            std::exchange(left_out_, 0), limit_);
}

LogLevel PluginLog::lowest() const {
  if (log::enabled(log::Level::kDebug)) return LogLevel::kTrace;
  if (log::enabled(log::Level::kInfo)) return LogLevel::kInfo;
  return log::enabled(log::Level::kWarn) ? LogLevel::kWarn : LogLevel::kError;
}

void PluginLog::release() {
  for (const auto& [level, line] : kept_) print(level, line);
  kept_.clear();
}

void PluginLog::print(LogLevel level, std::string_view line) const {
  log::at(level_of(level), "plugin {}: {}", plugin_, line);
}

}  // namespace sallyport::wasm
