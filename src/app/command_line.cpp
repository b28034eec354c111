#include "app/command_line.h"

#include "base/bytes.h"

#include <fmt/core.h>

#include <string>
#include <utility>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsage = R"(usage: sallyport [COMMAND] [OPTION]...

commands
  run        start the gateway (the default)
  check      read the settings and the resources, report every problem; exit 1 when one is an error (a key that is
             misspelt is one), else 0
  wasm       tools for authors of WebAssembly plugins; `sallyport wasm --help` says which
  version    print the version
  help       print this

options
  -c, --config FILE   the settings; default conf/config.yaml
  -p, --prefix DIR    where relative paths start; default: the folder of FILE, its parent when that is called conf
      --workers N     number of worker threads, overrides nginx_config.worker_processes
      --reactor KIND  how workers wait for sockets: io_uring, epoll, or auto (the default): io_uring where it works
  -h, --help          print this
      --version       print the version

A mistake on the command line exits with 2.
)";

// Takes the arguments one by one and keeps what they say.
class Parser final {
 public:
  explicit Parser(std::span<const char* const> arguments) : left_(arguments) {}

  Result<CommandLine> parse() {
    parsed_.source.file = "conf/config.yaml";
    while (!left_.empty()) TRY_STATUS(take(next()));
    return std::move(parsed_);
  }

 private:
  std::string_view next() {
    std::string_view argument = left_.front();
    left_ = left_.subspan(1);
    return argument;
  }

  Status take(std::string_view argument) {
    if (argument.size() < 2 || argument.front() != '-') return take_command(argument);
    auto equals = argument.starts_with("--") ? argument.find('=') : std::string_view::npos;
    std::string_view option = argument.substr(0, equals);
    if (equals != std::string_view::npos) inline_value_ = argument.substr(equals + 1);
    TRY_STATUS(take_option(option));
    if (inline_value_) return fail(ErrorCode::kInvalid, fmt::format("{} takes no value", option));
    return {};
  }

  Status take_command(std::string_view word) {
    if (has_command_) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}': only one command can be given, and the settings follow -c", word));
    }
    has_command_ = true;
    if (word == "run") return set(Command::kRun);
    if (word == "check") return set(Command::kCheck);
    if (word == "version") return set(Command::kVersion);
    if (word == "help") return set(Command::kHelp);
    if (word == "wasm") return fail(ErrorCode::kInvalid, "'wasm' comes before every option; `sallyport wasm --help`");
    return fail(ErrorCode::kInvalid, fmt::format("'{}' is no command; use run, check, wasm or version", word));
  }

  Status take_option(std::string_view option) {
    if (option == "-c" || option == "--config") return take_text(option, parsed_.source.file);
    if (option == "-p" || option == "--prefix") return take_text(option, parsed_.source.prefix);
    if (option == "--workers") return take_workers();
    if (option == "--reactor") return take_reactor();
    if (option == "-h" || option == "--help") return set(Command::kHelp);
    if (option == "--version") return set(Command::kVersion);
    return fail(ErrorCode::kInvalid, fmt::format("unknown option {}; `sallyport --help` names all", option));
  }

  Status set(Command command) {
    parsed_.command = command;
    return {};
  }

  Result<std::string_view> value_of(std::string_view option) {
    if (inline_value_) return *std::exchange(inline_value_, {});
    if (left_.empty()) return fail(ErrorCode::kInvalid, fmt::format("{} wants a value after it", option));
    return next();
  }

  Status take_text(std::string_view option, std::string& to) {
    TRY(std::string_view value, value_of(option));
    if (value.empty()) return fail(ErrorCode::kInvalid, fmt::format("{} wants a value that is not empty", option));
    to = value;
    return {};
  }

  Status take_workers() {
    constexpr std::uint64_t kMost = 1024;
    TRY(std::string_view value, value_of("--workers"));
    const std::uint64_t number = parse_unsigned(value).value_or(0);
    if (number == 0 || number > kMost) {
      return fail(ErrorCode::kInvalid, fmt::format("--workers {}: give a number from 1 to {}", value, kMost));
    }
    parsed_.source.workers = number;
    return {};
  }

  Status take_reactor() {
    TRY(std::string_view value, value_of("--reactor"));
    parsed_.source.reactor = std::nullopt;
    if (value == "auto") return {};
    for (auto kind : {async::ReactorKind::kEpoll, async::ReactorKind::kIoUring}) {
      if (value == name(kind)) parsed_.source.reactor = kind;
    }
    if (parsed_.source.reactor) return {};
    return fail(ErrorCode::kInvalid, fmt::format("--reactor {}: give auto, epoll or io_uring", value));
  }

  std::span<const char* const> left_;
  std::optional<std::string_view> inline_value_;  // of `--option=value`
  bool has_command_ = false;
  CommandLine parsed_;
};

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) { return Parser(arguments).parse(); }

std::string_view usage() noexcept { return kUsage; }

}  // namespace sallyport::app
