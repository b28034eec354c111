#pragma once
// Where the log lines of one Vm go: into the gateway's log with the plugin's name, or, for a throw-away VM, nowhere
// until somebody asks. The last line is remembered while a conf is tried, as the reason why it was refused.

#include "plugins/wasm/abi/codes.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

class PluginLog {
 public:
  enum class Mode { kWrite, kKeep };

  PluginLog(std::string plugin, Mode mode) : plugin_(std::move(plugin)), mode_(mode) {}

  void write(LogLevel level, std::string_view message);
  // The lowest level that is written.
  LogLevel lowest() const;

  void remember_last_line(bool remember) { remembers_ = remember; }
  const std::string& last_line() const noexcept { return last_line_; }
  // Writes what was kept.
  void release();

 private:
  void print(LogLevel level, std::string_view line) const;

  std::string plugin_;
  Mode mode_;
  bool remembers_ = true;
  std::string last_line_;
  std::vector<std::pair<LogLevel, std::string>> kept_;
};

}  // namespace sallyport::wasm
