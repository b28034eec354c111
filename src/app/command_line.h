#pragma once
// What the user typed: which command, on which file.

#include "app/settings.h"
#include "base/result.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::app {

enum class Command : std::uint8_t { kRun, kCheck, kVersion, kHelp };

struct CommandLine {
  Command command = Command::kRun;
  SettingsSource source;
};

// `arguments` are those after the program's name. Error: kInvalid with what is wrong; the caller prints it and exits
// with 2.
Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

// The text of `sallyport --help`.
std::string_view usage() noexcept;

}  // namespace sallyport::app
