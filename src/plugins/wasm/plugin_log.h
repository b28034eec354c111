#pragma once
// Where the log lines of one Vm go: into the gateway's log with the plugin's name, or, for a throw-away VM, nowhere
// until somebody asks. What a plugin writes beyond its limit is only counted. The last line is remembered while a
// conf is tried, as the reason why it was refused.

#include "base/clock.h"
#include "plugins/wasm/abi/codes.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

// One line that cannot pretend to be two, of 8192 bytes at most.
std::string as_log_line(std::string_view text);

class PluginLog {
 public:
  enum class Mode { kWrite, kKeep };

  // `clock` outlives it. `limit`: lines a second.
  PluginLog(std::string plugin, Mode mode, const Clock& clock, std::uint64_t limit)
      : plugin_(std::move(plugin)), mode_(mode), clock_(clock), limit_(limit) {}
  PluginLog(const PluginLog&) = delete;
  PluginLog& operator=(const PluginLog&) = delete;
  ~PluginLog() { report_left_out(); }

  void write(LogLevel level, std::string_view message) { add(level, message, Counted::kYes); }
  // Of the gateway about the plugin, and no more often than once a second or once for each cause: its limit is not for
  // it.
  void warn(std::string_view message) { add(LogLevel::kWarn, message, Counted::kNo); }
  // Text of standard output or error, which runtimes write in pieces: each of its lines is a line of the log.
  void write_text(LogLevel level, std::string_view text);
  // Writes the line that write_text has begun.
  void end_line() {
    if (!begun_.empty()) [[unlikely]]
      write(begun_level_, std::exchange(begun_, {}));
  }
  // Whose lines they are from now on, where plugins share a VM.
  void speak_as(const std::string& plugin) { plugin_ = plugin; }
  // The lowest level that is written.
  LogLevel lowest() const;

  void remember_last_line(bool remember) {
    remembers_ = remember;
    if (remember) last_line_.clear();
  }
  const std::string& last_line() const noexcept { return last_line_; }
  // Writes what was kept.
  void release();

 private:
  enum class Counted { kYes, kNo };

  void add(LogLevel level, std::string_view message, Counted counted);
  bool admits_line();
  void report_left_out();
  void print(LogLevel level, std::string_view line) const;

  std::string plugin_;
  Mode mode_;
  const Clock& clock_;
  SteadyTime second_begun_{};
  std::uint64_t limit_;
  std::uint64_t lines_ = 0;  // in this second
  std::uint64_t left_out_ = 0;
  bool remembers_ = true;
  std::string last_line_;
  std::string begun_;
  LogLevel begun_level_ = LogLevel::kInfo;
  std::vector<std::pair<LogLevel, std::string>> kept_;
};

}  // namespace sallyport::wasm
