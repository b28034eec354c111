#include "app/check.h"
#include "app/command_line.h"
#include "app/gateway.h"
#include "app/predecessor.h"
#include "app/settings.h"
#include "app/signals.h"
#include "app/successor.h"
#include "app/wasm_tools.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::app {
namespace {

int run(const SettingsSource& source, Program program) {
  auto predecessor = Predecessor::from_environment();
  if (!predecessor) {
    std::fprintf(stderr, "sallyport: %s\n", predecessor.error().what.c_str());
    return 1;
  }
  auto settings = load_settings(source);
  if (!settings) {
    std::fprintf(stderr, "%s\n", settings.error().what.c_str());
    if (*predecessor) (*predecessor)->tell_failure(settings.error().what);
    return 1;
  }
  Signals signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2});
  return Gateway(*std::move(settings), source, signals, std::move(program), *std::move(predecessor)).run();
}

int execute(std::span<const char* const> words) {
  const auto arguments = words.subspan(std::min<std::size_t>(words.size(), 1));
  if (!arguments.empty() && arguments[0] == std::string_view("wasm")) return wasm_tools(arguments.subspan(1));
  auto line = parse_command_line(arguments);
  if (!line) {
    std::fprintf(stderr, "sallyport: %s\n", line.error().what.c_str());
    return 2;
  }
  switch (line->command) {
    case Command::kRun:
      return run(line->source, Program::of(words));
    case Command::kCheck:
      return check(line->source);
    case Command::kVersion:
      std::printf("sallyport %s\n", SALLYPORT_VERSION);
      return 0;
    case Command::kHelp:
      std::fwrite(usage().data(), 1, usage().size(), stdout);
      return 0;
  }
  return 2;
}

}  // namespace
}  // namespace sallyport::app

int main(int count, char** words) {
  return sallyport::app::execute({const_cast<const char* const*>(words), static_cast<std::size_t>(count)});
}
