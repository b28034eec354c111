#include "plugins/wasm/plugin_settings.h"

#include "base/bytes.h"
#include "base/setting_text.h"
#include "http/authority.h"
#include "json/parse.h"
#include "plugins/wasm/abi/host_functions.h"
#include "plugins/wasm/capabilities.h"
#include "plugins/wasm/plugin_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

namespace sallyport::wasm {
namespace {

using std::chrono::milliseconds;
using Problems = std::vector<SettingProblem>;

constexpr milliseconds kShortestBudget{1};
constexpr milliseconds kLongestBudget{3'600'000};
constexpr std::uint64_t kLeastMemory = 64u << 10;
constexpr std::uint64_t kMostMemory = 4ull << 30;
constexpr std::uint64_t kMostLines = 1'000'000;
constexpr std::uint64_t kMostChanges = 1'000'000'000;
constexpr std::size_t kLongestVmId = 256;
constexpr std::size_t kMostEnvironment = 64u << 10;

// One key: what it reads is written to `to`, which has the default (inline: the most that is allowed).
struct Reading {
  const json::Value& value;
  SettingPlace place;
  PluginSettings& to;
  std::string pointer;
  Problems& problems;

  void refuse(std::string what) const { problems.push_back({pointer, std::move(what)}); }
  bool is_inline() const { return place == SettingPlace::kInline; }
};

std::optional<milliseconds> duration_of(const json::Value& value) {
  constexpr double kMostSeconds = 1e9;
  if (value.is_string()) return parse_duration(value.string());
  if (!value.is_number() || value.number() < 0 || value.number() > kMostSeconds) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(value.number() * 1000));
}

std::optional<std::uint64_t> size_of(const json::Value& value) {
  if (value.is_string()) return parse_size(value.string());
  if (!value.is_integer() || value.integer() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value.integer());
}

std::optional<std::uint64_t> count_of(const json::Value& value) {
  if (value.is_string()) return parse_unsigned(value.string());
  if (!value.is_integer() || value.integer() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value.integer());
}

std::uint64_t number_of(milliseconds duration) { return static_cast<std::uint64_t>(duration.count()); }
std::uint64_t number_of(std::uint64_t number) { return number; }

// Inline, not beyond what is there, of which `unit` tells the unit.
template <class T>
void take_limit(const Reading& reading, T wanted, T& to, std::string_view unit = "") {
  if (reading.is_inline() && wanted > to) {
    reading.refuse(fmt::format("is {}, and wasm.{} in the boot file allows {}{}; give less, or raise it there",
                               json::print(reading.value), reading.pointer.substr(1), number_of(to), unit));
  } else {
    to = wanted;
  }
}

// The number of the choice that the value is.
std::optional<std::size_t> choice_of(const Reading& reading, std::initializer_list<std::string_view> names) {
  const auto* found = reading.value.is_string() ? std::ranges::find(names, reading.value.string()) : names.end();
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  reading.refuse(fmt::format("is {}; give one of: {}", json::print(reading.value), fmt::join(names, ", ")));
  return std::nullopt;
}

void read_duration(const Reading& reading, milliseconds& to) {
  auto wanted = duration_of(reading.value);
  if (!wanted) {
    reading.refuse(fmt::format("is no duration: {}; write seconds, or a number with a unit such as 20ms or 1s",
                               json::print(reading.value)));
  } else if (*wanted < kShortestBudget || *wanted > kLongestBudget) {
    reading.refuse(fmt::format("is {}; give from 1ms to 1h", json::print(reading.value)));
  } else {
    take_limit(reading, *wanted, to, "ms");
  }
}

void read_cpu_budget(const Reading& reading) { read_duration(reading, reading.to.policy.limits.cpu_budget); }
void read_max_pause(const Reading& reading) { read_duration(reading, reading.to.policy.limits.longest_pause); }

void read_memory_limit(const Reading& reading) {
  std::uint64_t& to = reading.to.policy.limits.memory_bytes;
  auto wanted = size_of(reading.value);
  if (!wanted) {
    reading.refuse(fmt::format("is no size: {}; write bytes, or a number with k, m or g", json::print(reading.value)));
  } else if (*wanted < kLeastMemory || *wanted > kMostMemory) {
    reading.refuse(fmt::format("is {}; give from 64k to 4g", json::print(reading.value)));
  } else {
    take_limit(reading, *wanted, to, " bytes");
  }
}

void read_request_phase(const Reading& reading) {
  constexpr std::array kPhases{RequestPhase::kAccess, RequestPhase::kRewrite};
  if (auto choice = choice_of(reading, {"access", "rewrite"})) reading.to.policy.request_phase = kPhases[*choice];
}

void read_fail(const Reading& reading) {
  constexpr std::array kWays{OnFailure::kRefuse, OnFailure::kPass, OnFailure::kRefuse};
  constexpr std::array kRestarts{Restart::kAtOnce, Restart::kAtOnce, Restart::kAfterInterval};
  auto choice = choice_of(reading, {"closed", "open", "reload"});
  if (!choice) return;
  reading.to.policy.on_failure = kWays[*choice];
  reading.to.vm.restart = kRestarts[*choice];
}

void read_vm_id(const Reading& reading) {
  bool is_text = reading.value.is_string() && !reading.value.string().empty();
  if (!is_text || reading.value.string().size() > kLongestVmId) {
    return reading.refuse(fmt::format("is {}; give a text of 1 to {} bytes", json::print(reading.value), kLongestVmId));
  }
  reading.to.vm.vm_id = reading.value.string();
}

void read_max_metrics(const Reading& reading) {
  auto wanted = count_of(reading.value);
  if (!wanted || *wanted > PluginMetrics::kMost) {
    return reading.refuse(
        fmt::format("is {}; give a number from 0 to {}", json::print(reading.value), PluginMetrics::kMost));
  }
  std::uint64_t most = reading.to.max_metrics.value_or(PluginMetrics::kMost);
  take_limit(reading, *wanted, most);
  reading.to.max_metrics = most;
}

std::vector<std::string_view> known_capabilities() {
  std::vector<std::string_view> names;
  for (const Import& import : abi::host_functions()) {
    if (!is_always_allowed(import.name)) names.push_back(import.name);
  }
  return names;
}

// Why it is no capability; empty when it is one.
std::string wrong_about_capability(const json::Value& written, std::span<const std::string_view> known) {
  if (!written.is_string()) return fmt::format("is {}; give the name of a host call", json::print(written));
  const std::string& name = written.string();
  if (std::ranges::find(known, name) != known.end()) return {};
  if (is_always_allowed(name)) return fmt::format("is {}, which is always allowed; leave it out", name);
  std::string_view nearest =
      *std::ranges::min_element(known, {}, [&](std::string_view candidate) { return edit_distance(name, candidate); });
  return fmt::format("is {}, which is no host call of this gateway; did you mean {}?", json::print(written), nearest);
}

void read_capabilities(const Reading& reading) {
  if (!reading.value.is_array()) {
    return reading.refuse(fmt::format("wants a list of host calls, and is {}", json::print(reading.value)));
  }
  std::vector<std::string_view> known = known_capabilities();
  std::optional<std::vector<std::string>>& to = reading.to.vm.capabilities;
  std::vector<std::string> names;
  for (const json::Value& written : reading.value.array()) {
    std::string wrong = wrong_about_capability(written, known);
    bool exceeds = wrong.empty() && reading.is_inline() && to && std::ranges::find(*to, written.string()) == to->end();
    if (exceeds) {
      wrong =
          fmt::format("is {}, and wasm.capabilities in the boot file does not have it; leave it out, or add it there",
                      written.string());
    }
    std::string place = fmt::format("{}/{}", reading.pointer, &written - reading.value.array().data());
    if (wrong.empty())
      names.push_back(written.string());
    else
      reading.problems.push_back({std::move(place), std::move(wrong)});
  }
  std::ranges::sort(names);
  to = std::move(names);
}

void read_pause_in_headers(const Reading& reading) {
  const json::Value& value = reading.value;
  bool shows = value == json::Value(true) || value == json::Value("true");
  if (shows || value == json::Value(false) || value == json::Value("false")) {
    reading.to.policy.pause_in_headers = shows ? PauseInHeaders::kShowsBody : PauseInHeaders::kHoldsBody;
  } else {
    reading.refuse(fmt::format("wants true or false, and is {}", json::print(value)));
  }
}

void read_isolation(const Reading& reading) {
  constexpr std::array kIsolations{Isolation::kWorker, Isolation::kRequest};
  Isolation& to = reading.to.policy.isolation;
  auto choice = choice_of(reading, {"worker", "request"});
  if (!choice) return;
  if (reading.is_inline() && to == Isolation::kRequest && kIsolations[*choice] != to) {
    reading.refuse("is worker, and wasm.isolation in the boot file demands request; leave it out, or change it there");
  } else {
    to = kIsolations[*choice];
  }
}

void read_fair(const Reading& reading) {
  bool& to = reading.to.policy.is_fair;
  const json::Value& value = reading.value;
  if (!value.is_boolean()) {
    reading.refuse(fmt::format("wants true or false, and is {}", json::print(value)));
  } else if (reading.is_inline() && to && !value.boolean()) {
    reading.refuse("is false, and wasm.fair in the boot file demands it; leave it out, or change it there");
  } else {
    to = value.boolean();
  }
}

void read_max_instances(const Reading& reading) {
  constexpr std::int64_t kMost = 10'000;
  std::uint32_t& to = reading.to.policy.limits.max_instances;
  const json::Value& value = reading.value;
  if (!value.is_integer() || value.integer() < 1 || value.integer() > kMost) {
    reading.refuse(fmt::format("is {}; give from 1 to {}", json::print(value), kMost));
  } else {
    take_limit(reading, static_cast<std::uint32_t>(value.integer()), to);
  }
}

void read_max_http_calls(const Reading& reading) {
  constexpr std::int64_t kMost = 100'000;
  std::size_t& to = reading.to.policy.limits.http_calls.max_calls;
  const json::Value& value = reading.value;
  if (!value.is_integer() || value.integer() < 0 || value.integer() > kMost) {
    reading.refuse(fmt::format("is {}; give a number from 0 to {}", json::print(value), kMost));
  } else {
    take_limit(reading, static_cast<std::size_t>(value.integer()), to);
  }
}

void read_body_size(const Reading& reading, std::size_t& to) {
  constexpr std::uint64_t kMost = 1u << 30;
  auto wanted = size_of(reading.value);
  if (!wanted || *wanted > kMost) {
    reading.refuse(fmt::format("is {}; write bytes, or a number with k, m or g, up to 1g", json::print(reading.value)));
  } else {
    take_limit(reading, *wanted, to, " bytes");
  }
}

void read_max_http_call_body(const Reading& reading) {
  read_body_size(reading, reading.to.policy.limits.http_calls.max_answer_bytes);
}

void read_max_held_body(const Reading& reading) { read_body_size(reading, reading.to.policy.limits.held_body_bytes); }

bool is_host_and_port(const json::Value& value) {
  if (!value.is_string()) return false;
  auto authority = http::parse_authority(value.string());
  return authority && authority->port.value_or(0) != 0;
}

// A route may name any of them: it can have an upstream with any node.
void read_http_call_hosts(const Reading& reading) {
  const json::Value& value = reading.value;
  if (!value.is_array() || !std::ranges::all_of(value.array(), is_host_and_port)) {
    return reading.refuse(fmt::format("is {}; give a list of \"host:port\"", json::print(value)));
  }
  std::vector<std::string> hosts;
  for (const json::Value& host : value.array()) hosts.push_back(host.string());
  reading.to.call_hosts = std::move(hosts);
}

void read_rate(const Reading& reading, std::string_view what, std::uint64_t most, std::uint64_t& to) {
  auto wanted = count_of(reading.value);
  if (!wanted || *wanted > most) {
    reading.refuse(
        fmt::format("is {}; give how many {} a second, from 0 to {}", json::print(reading.value), what, most));
  } else {
    take_limit(reading, *wanted, to);
  }
}

void read_log_limit(const Reading& reading) { read_rate(reading, "lines", kMostLines, reading.to.vm.log_limit); }

void read_metric_limit(const Reading& reading) {
  read_rate(reading, "changes", kMostChanges, reading.to.vm.metric_limit);
}

// A key as a part of a JSON pointer (RFC 6901).
std::string escaped(std::string_view key) {
  std::string part;
  for (char c : key) part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return part;
}

// Why there can be no such variable; empty when there can.
std::string_view wrong_about_variable(std::string_view name, const std::optional<std::string>& value) {
  if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos) {
    return "is no name of a variable; give one without = and NUL";
  }
  if (!value) return "is no text; give one, or a number";
  if (value->find('\0') != std::string::npos) return "has a NUL in it; leave that out";
  return {};
}

void read_env(const Reading& reading) {
  if (!reading.value.is_object()) {
    return reading.refuse(fmt::format("wants a mapping of names to texts, and is {}", json::print(reading.value)));
  }
  auto& to = reading.to.vm.env;
  to.clear();
  std::size_t bytes = 0;
  for (const auto& [name, written] : reading.value.object()) {
    std::optional<std::string> value;
    if (written.is_string()) value = written.string();
    if (written.is_number() || written.is_boolean()) value = json::print(written);
    if (std::string_view wrong = wrong_about_variable(name, value); !wrong.empty()) {
      reading.problems.push_back({reading.pointer + "/" + escaped(name), std::string(wrong)});
      continue;
    }
    bytes += name.size() + value->size();
    to.emplace_back(name, std::move(*value));
  }
  if (bytes > kMostEnvironment) reading.refuse(fmt::format("is longer than {} bytes; shorten it", kMostEnvironment));
}

constexpr unsigned kDefaults = 1u << static_cast<unsigned>(SettingPlace::kDefaults);
constexpr unsigned kDeclared = 1u << static_cast<unsigned>(SettingPlace::kDeclared);
constexpr unsigned kInline = 1u << static_cast<unsigned>(SettingPlace::kInline);

struct PluginSetting {
  std::string_view key;
  unsigned places;
  std::string_view schema;
  void (*read)(const Reading&);
};
constexpr std::string_view kQuantity = R"({"type": ["number", "string"]})";
constexpr std::string_view kCount = R"({"type": "integer"})";
constexpr std::string_view kTexts = R"({"type": "array", "items": {"type": "string"}})";
constexpr std::string_view kText = R"({"type": "string"})";
constexpr std::string_view kMapping = R"({"type": "object"})";
constexpr std::string_view kSwitch = R"({"type": "boolean"})";

constexpr PluginSetting kSettings[] = {
    {"cpu_budget", kDefaults | kDeclared | kInline, kQuantity, &read_cpu_budget},
    {"memory_limit", kDefaults | kDeclared | kInline, kQuantity, &read_memory_limit},
    {"isolation", kDefaults | kDeclared | kInline, kText, &read_isolation},
    {"fair", kDefaults | kDeclared | kInline, kSwitch, &read_fair},
    {"max_instances", kDefaults | kDeclared | kInline, kCount, &read_max_instances},
    {"max_http_calls", kDefaults | kDeclared | kInline, kCount, &read_max_http_calls},
    {"max_http_call_body", kDefaults | kDeclared | kInline, kQuantity, &read_max_http_call_body},
    {"http_call_hosts", kDeclared | kInline, kTexts, &read_http_call_hosts},
    {"max_pause", kDefaults | kDeclared | kInline, kQuantity, &read_max_pause},
    {"max_held_body", kDefaults | kDeclared | kInline, kQuantity, &read_max_held_body},
    {"log_limit", kDefaults | kDeclared | kInline, kQuantity, &read_log_limit},
    {"capabilities", kDefaults | kDeclared | kInline, kTexts, &read_capabilities},
    {"vm_id", kDeclared | kInline, kText, &read_vm_id},
    {"metric_limit", kDefaults | kDeclared | kInline, kQuantity, &read_metric_limit},
    {"max_metrics", kDeclared | kInline, kQuantity, &read_max_metrics},
    {"env", kDeclared | kInline, kMapping, &read_env},
    {"fail", kDeclared | kInline, kText, &read_fail},
    {"http_request_phase", kDeclared | kInline, kText, &read_request_phase},
    {"allow_on_headers_stop_iteration", kDeclared | kInline, kSwitch, &read_pause_in_headers},
};

bool may_stand(const PluginSetting& setting, SettingPlace place) {
  return (setting.places & (1u << static_cast<unsigned>(place))) != 0;
}

}  // namespace

std::vector<std::string_view> setting_keys(SettingPlace place) {
  std::vector<std::string_view> keys;
  for (const PluginSetting& setting : kSettings) {
    if (may_stand(setting, place)) keys.push_back(setting.key);
  }
  return keys;
}

std::string settings_schema(SettingPlace place) {
  std::string members;
  for (const PluginSetting& setting : kSettings) {
    if (!may_stand(setting, place)) continue;
    members += fmt::format("{}\"{}\": {}", members.empty() ? "" : ", ", setting.key, setting.schema);
  }
  return members;
}

std::vector<SettingProblem> read_plugin_settings(const json::Value& object, SettingPlace place, PluginSettings& to) {
  Problems problems;
  for (const PluginSetting& setting : kSettings) {
    const json::Value* value = object.find(setting.key);
    if (!value || value->is_null()) continue;
    std::string pointer = "/" + std::string(setting.key);
    if (may_stand(setting, place)) setting.read({*value, place, to, std::move(pointer), problems});
  }
  return problems;
}

std::string_view trouble_with_reload(const PluginSettings& settings) {
  const bool has_copies = settings.policy.module_isolation() == Isolation::kRequest;
  if (!has_copies || settings.vm.restart != Restart::kAfterInterval) return {};
  return "is \"reload\", which is as closed for exchanges of a plugin with isolation: request or fair: true: they have "
         "copies of its VM, which start nothing, and one that fails is replaced at once; write closed, or leave these "
         "two out";
}

std::string text_of(const std::vector<SettingProblem>& problems, std::string_view place) {
  std::string text;
  for (const SettingProblem& problem : problems) {
    if (!text.empty()) text += "; ";
    text.append(place).append(problem.pointer, place.empty() ? 1 : 0).append(" ").append(problem.what);
  }
  return text;
}

}  // namespace sallyport::wasm
