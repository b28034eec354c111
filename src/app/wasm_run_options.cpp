#include "app/wasm_run_options.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/setting_text.h"
#include "json/parse.h"
#include "plugins/wasm/plugin_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsage = R"(usage: sallyport wasm run FILE [OPTION]...

Takes one request through the plugin in FILE, by the same code as the gateway, and shows what the plugin does: every
callback, every host call with its result, what it logs, and the CPU time of each; then the request as the upstream sees
it and the response as the client sees it. Exit 0 when the plugin did not fail and every --expect holds, else 1.

the plugin
  --conf TEXT|@FILE            its configuration; default {}
  --vm-conf TEXT|@FILE         the configuration of its VM
  --name NAME                  default: FILE without folder and ending
  --root-id ID                 default: empty
  --engine NAME                what runs it, as wasm.engine in the settings; default: wasmtime
  --set KEY=VALUE              a setting of docs/wasm.md, VALUE in JSON or as text: --set cpu_budget=5ms
                               --set 'capabilities=["proxy_log"]' --set 'env={"MODE": "test"}' --set fail=open
the request
  --request "METHOD /PATH"     default: GET /
  -H, --header "NAME: VALUE"   as often as needed; Host is localhost
  --body TEXT|@FILE
  --body-piece TEXT|@FILE      a piece of a chunked body, as often as needed; each comes by itself
  --trailer "NAME: VALUE"      behind a chunked body, as often as needed
the upstream
  --response STATUS            default: 200
  --response-header "NAME: VALUE"
  --response-body TEXT|@FILE   default: hello from the upstream
  --http-call NAME=ANSWER      what HTTP calls of the plugin to the upstream NAME get: STATUS, "STATUS BODY" or
                               "STATUS @FILE"; or HOST:PORT, a server that is asked for real
  --http-call-header "NAME=NAME: VALUE"
                               a header of that answer, behind its --http-call, as often as needed
  --grpc-call NAME=ANSWER      what gRPC calls and streams of the plugin to the upstream NAME get: STATUS, "0 MESSAGE",
                               "0 @FILE", or "STATUS TEXT" with one from 1 to 16; or HOST:PORT. Given again for a NAME,
                               the further messages of a stream, the last with the status of its end
how
  --ticks N                    so many ticks before the request, at once; during it they come in their time
  --repeat N                   the request so often, to the same VM; the last one counts
  --timeout TIME               how long the plugin may hold the request, 10s by default
  --expect KIND=VALUE          what must hold at the end: status=401, header=NAME: VALUE, no-header=NAME, body=PART,
                               log=PART; and of what the upstream got upstream=none (it was not asked), upstream=asked,
                               upstream-header=NAME: VALUE, upstream-no-header=NAME, upstream-body=PART
  --json                       all of it as one JSON object
  -q, --quiet                  nothing but what is wrong
)";

constexpr std::string_view kExpectations[] = {"status",       "header",   "no-header",       "body",
                                              "log",          "upstream", "upstream-header", "upstream-no-header",
                                              "upstream-body"};
constexpr std::uint64_t kMostTimes = 100'000;

std::unexpected<Error> mistake(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

Result<std::string> read_part(std::string_view option, const std::string& path) {
  if (auto bytes = read_file(path)) return *std::move(bytes);
  return fail(ErrorCode::kNotFound, fmt::format("{} @{}: cannot be read: {}", option, path, std::strerror(errno)));
}

// TEXT or @FILE.
Result<std::string> text_of(std::string_view option, std::string_view value) {
  if (!value.starts_with('@')) return std::string(value);
  return read_part(option, std::string(value.substr(1)));
}

Result<std::pair<std::string, std::string>> field_of(std::string_view option, std::string_view value) {
  auto colon = value.find(':');
  if (colon == 0 || colon == value.npos) {
    return mistake(fmt::format("{} '{}': write it as 'Name: value'", option, value));
  }
  return std::pair(std::string(value.substr(0, colon)), std::string(trim(value.substr(colon + 1))));
}

Result<int> status_of(std::string_view option, std::string_view value) {
  const std::uint64_t status = parse_unsigned(value).value_or(0);
  if (status < 200 || status > 599) return mistake(fmt::format("{} {}: give a status from 200 to 599", option, value));
  return static_cast<int>(status);
}

class Parser final {
 public:
  explicit Parser(std::span<const char* const> arguments) : left_(arguments) {
    parsed_.plugin.settings.policy.limits.longest_pause = std::chrono::seconds(10);
  }

  Result<WasmRunOptions> parse() {
    while (!left_.empty()) TRY_STATUS(take(next()));
    if (parsed_.plugin.file.empty()) return mistake("wasm run wants the FILE of a module");
    if (parsed_.plugin.name.empty()) parsed_.plugin.name = std::filesystem::path(parsed_.plugin.file).stem();
    TRY_STATUS(apply_settings());
    return std::move(parsed_);
  }

 private:
  using Take = Status (Parser::*)(std::string_view value);
  struct Option {
    std::string_view name;
    Take take;
  };

  std::string_view next() {
    std::string_view argument = left_.front();
    left_ = left_.subspan(1);
    return argument;
  }

  Status take(std::string_view argument) {
    if (argument == "--json") return set(parsed_.json);
    if (argument == "-q" || argument == "--quiet") return set(parsed_.quiet);
    if (!argument.starts_with('-')) return take_file(argument);
    auto equals = argument.starts_with("--") ? argument.find('=') : argument.npos;
    option_ = argument.substr(0, equals);
    if (option_ == "-H") option_ = "--header";
    const auto known = take_function(option_);
    if (!known) {
      return mistake(fmt::format("unknown option {}; `sallyport wasm run --help` names all", option_));
    }
    if (equals != argument.npos) return (this->*known)(argument.substr(equals + 1));
    if (left_.empty()) return mistake(fmt::format("{} wants a value after it", option_));
    return (this->*known)(next());
  }

  static Status set(bool& flag) {
    flag = true;
    return {};
  }

  Status take_file(std::string_view file) {
    if (!parsed_.plugin.file.empty()) {
      return mistake(fmt::format("'{}': only one FILE can be given; it is {}", file, parsed_.plugin.file));
    }
    parsed_.plugin.file = file;
    return {};
  }

  Status take_conf(std::string_view value) { return read_into(parsed_.conf, value); }
  Status take_vm_conf(std::string_view value) { return read_into(parsed_.plugin.vm_config, value); }
  Status take_body(std::string_view value) { return read_into(parsed_.request.body, value); }
  Status take_response_body(std::string_view value) { return read_into(parsed_.response.body, value); }
  Status take_name(std::string_view value) {
    parsed_.plugin.name = value;
    return {};
  }
  Status take_root_id(std::string_view value) {
    parsed_.plugin.root_id = value;
    return {};
  }
  Status take_engine(std::string_view value) {
    TRY(parsed_.engine, engine_option(value));
    return {};
  }

  Status read_into(std::string& to, std::string_view value) {
    TRY(to, text_of(option_, value));
    return {};
  }

  // What is no JSON is a text, so that --set fail=open needs no further quotes.
  Status take_setting(std::string_view value) {
    auto equals = value.find('=');
    std::string key(value.substr(0, equals));
    auto keys = wasm::setting_keys(wasm::SettingPlace::kDeclared);
    if (equals == value.npos || std::ranges::find(keys, key) == keys.end()) {
      return mistake(fmt::format("--set {}: write KEY=VALUE, with KEY one of {}", value, fmt::join(keys, ", ")));
    }
    auto json = json::parse(value.substr(equals + 1));
    settings_.object()[key] = json ? std::move(*json) : json::Value(value.substr(equals + 1));
    return {};
  }

  Status take_request(std::string_view value) {
    auto words = split(value, ' ');
    if (words.size() != 2 || words[0].empty() || !words[1].starts_with('/')) {
      return mistake(fmt::format("--request '{}': write it as 'GET /path?query'", value));
    }
    parsed_.request.method = words[0];
    parsed_.request.target = words[1];
    return {};
  }

  Status take_header(std::string_view value) {
    TRY(auto field, field_of(option_, value));
    if (equals_ignoring_case(field.first, "host"))
      parsed_.request.authority = std::move(field.second);
    else
      parsed_.request.headers.push_back(std::move(field));
    return {};
  }

  Status take_response(std::string_view value) {
    TRY(parsed_.response.status, status_of(option_, value));
    return {};
  }

  Status take_response_header(std::string_view value) {
    TRY(auto field, field_of(option_, value));
    parsed_.response.headers.push_back(std::move(field));
    return {};
  }

  Status take_http_call(std::string_view value) {
    auto equals = value.find('=');
    if (equals == 0 || equals == value.npos) {
      return mistake(fmt::format("--http-call '{}': write NAME=STATUS, 'NAME=STATUS BODY' or NAME=HOST:PORT", value));
    }
    CalledUpstream upstream;
    upstream.name = value.substr(0, equals);
    std::string_view answer = value.substr(equals + 1);
    auto space = answer.find(' ');
    if (space == answer.npos && answer.contains(':')) {
      upstream.node = answer;
    } else {
      TRY(upstream.answer.status, status_of(option_, answer.substr(0, space)));
      if (space != answer.npos) TRY_STATUS(read_into(upstream.answer.body, answer.substr(space + 1)));
    }
    parsed_.called.push_back(std::move(upstream));
    return {};
  }

  Status take_http_call_header(std::string_view value) {
    auto equals = value.find('=');
    auto named = std::ranges::find(parsed_.called, value.substr(0, equals), &CalledUpstream::name);
    if (equals == value.npos || named == parsed_.called.end() || !named->node.empty()) {
      return mistake(
          fmt::format("--http-call-header '{}': write 'NAME=Name: value', behind --http-call NAME=STATUS", value));
    }
    TRY(auto field, field_of(option_, value.substr(equals + 1)));
    named->answer.headers.push_back(std::move(field));
    return {};
  }

  Status take_grpc_call(std::string_view value) {
    auto equals = value.find('=');
    if (equals == 0 || equals == value.npos) {
      return mistake(fmt::format("--grpc-call '{}': write NAME=STATUS, 'NAME=0 MESSAGE' or NAME=HOST:PORT", value));
    }
    CalledService& service = service_named(value.substr(0, equals));
    std::string_view answer = value.substr(equals + 1);
    auto space = answer.find(' ');
    if (space == answer.npos && answer.contains(':')) {
      service.node = answer;
      return {};
    }
    auto status = parse_unsigned(answer.substr(0, space));
    if (!status || *status > 16) return mistake(fmt::format("--grpc-call {}: give a status from 0 to 16", value));
    service.status = static_cast<int>(*status);
    std::string text;
    if (space != answer.npos) TRY_STATUS(read_into(text, answer.substr(space + 1)));
    if (service.status != 0)
      service.message = std::move(text);
    else
      service.messages.push_back(std::move(text));
    return {};
  }
  CalledService& service_named(std::string_view name) {
    auto known = std::ranges::find(parsed_.services, name, &CalledService::name);
    if (known != parsed_.services.end()) return *known;
    CalledService& service = parsed_.services.emplace_back();
    service.name = name;
    return service;
  }

  Status take_body_piece(std::string_view value) { return read_into(parsed_.body_pieces.emplace_back(), value); }
  Status take_trailer(std::string_view value) {
    TRY(auto field, field_of(option_, value));
    parsed_.request.trailers.push_back(std::move(field));
    return {};
  }

  Status take_ticks(std::string_view value) { return take_times(parsed_.ticks, value); }
  Status take_repeat(std::string_view value) { return take_times(parsed_.repeat, value); }
  Status take_times(std::uint64_t& to, std::string_view value) {
    const std::uint64_t times = parse_unsigned(value).value_or(0);
    if (times == 0 || times > kMostTimes) {
      return mistake(fmt::format("{} {}: give a number from 1 to {}", option_, value, kMostTimes));
    }
    to = times;
    return {};
  }

  Status take_timeout(std::string_view value) {
    auto time = parse_duration(value);
    if (!time || time->count() <= 0) return mistake(fmt::format("--timeout {}: write 500ms, 10s or 2m", value));
    parsed_.plugin.settings.policy.limits.longest_pause = *time;
    return {};
  }

  Status take_expectation(std::string_view value) {
    auto equals = value.find('=');
    Expectation expected{std::string(value.substr(0, equals)), ""};
    if (equals == value.npos || std::ranges::find(kExpectations, expected.what) == std::end(kExpectations)) {
      return mistake(
          fmt::format("--expect '{}': write KIND=VALUE, with KIND one of {}", value, fmt::join(kExpectations, ", ")));
    }
    expected.value = value.substr(equals + 1);
    if (expected.what == "upstream" && expected.value != "none" && expected.value != "asked") {
      return mistake(fmt::format("--expect {}: write upstream=none or upstream=asked", value));
    }
    parsed_.expectations.push_back(std::move(expected));
    return {};
  }

  Status apply_settings() {
    auto problems = wasm::read_plugin_settings(settings_, wasm::SettingPlace::kDeclared, parsed_.plugin.settings);
    if (problems.empty()) return {};
    return mistake(fmt::format("--set {} {}", problems.front().pointer.substr(1), problems.front().what));
  }

  static Take take_function(std::string_view option);  // null: there is none

  std::span<const char* const> left_;
  std::string_view option_;
  json::Value settings_{json::Object()};
  WasmRunOptions parsed_;
};

Parser::Take Parser::take_function(std::string_view option) {
  static constexpr Option kOptions[] = {
      {"--conf", &Parser::take_conf},
      {"--vm-conf", &Parser::take_vm_conf},
      {"--name", &Parser::take_name},
      {"--root-id", &Parser::take_root_id},
      {"--engine", &Parser::take_engine},
      {"--set", &Parser::take_setting},
      {"--request", &Parser::take_request},
      {"--header", &Parser::take_header},
      {"--body", &Parser::take_body},
      {"--body-piece", &Parser::take_body_piece},
      {"--trailer", &Parser::take_trailer},
      {"--response", &Parser::take_response},
      {"--response-header", &Parser::take_response_header},
      {"--response-body", &Parser::take_response_body},
      {"--http-call", &Parser::take_http_call},
      {"--http-call-header", &Parser::take_http_call_header},
      {"--grpc-call", &Parser::take_grpc_call},
      {"--ticks", &Parser::take_ticks},
      {"--repeat", &Parser::take_repeat},
      {"--timeout", &Parser::take_timeout},
      {"--expect", &Parser::take_expectation},
  };
  auto known = std::ranges::find(kOptions, option, &Option::name);
  return known == std::end(kOptions) ? nullptr : known->take;
}

}  // namespace

Result<wasm::EngineKind> engine_option(std::string_view name) {
  if (auto kind = wasm::engine_named(name)) return *kind;
  return mistake(fmt::format("--engine {}: write one of {}", name, wasm::engine_names()));
}

Result<WasmRunOptions> parse_wasm_run(std::span<const char* const> arguments) { return Parser(arguments).parse(); }

std::string_view wasm_run_usage() noexcept { return kUsage; }

}  // namespace sallyport::app
