#include "app/expectations.h"

#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace sallyport::app {
namespace {

// What there is in place of what was expected; nothing when that is there.
using Found = std::optional<std::string>;

Found find_field(const WholeMessage& message, std::string_view wanted) {
  auto colon = wanted.find(':');
  std::string_view name = wanted.substr(0, colon);
  std::string_view value = colon == wanted.npos ? "" : trim(wanted.substr(colon + 1));
  std::string others;
  for (const auto& [own_name, own_value] : message.fields) {
    if (!equals_ignoring_case(own_name, name)) continue;
    if (colon == wanted.npos || own_value == value) return std::nullopt;
    others += (others.empty() ? "" : ", ") + own_value;
  }
  return others.empty() ? fmt::format("there is no {}", name) : "it is " + others;
}

Found find_no_field(const WholeMessage& message, std::string_view name) {
  for (const auto& [own_name, own_value] : message.fields) {
    if (equals_ignoring_case(own_name, name)) return fmt::format("it is there: {}", own_value);
  }
  return std::nullopt;
}

Found find_part(const WholeMessage& message, std::string_view part) {
  if (message.body.contains(part)) return std::nullopt;
  return fmt::format("the body is: {}", message.body);
}

Found find_status(const WholeMessage& message, std::string_view wanted) {
  if (std::to_string(message.status) == wanted) return std::nullopt;
  return fmt::format("it is {}", message.status);
}

Found find_line(const TraceRecord& trace, std::string_view part) {
  auto has_it = [&](const TraceEvent& event) {
    bool is_line = event.kind == TraceEvent::Kind::kSaid || event.kind == TraceEvent::Kind::kLogged;
    return is_line && event.text.contains(part);
  };
  if (std::ranges::any_of(trace.events(), has_it)) return std::nullopt;
  return "no line of the log has it";
}

Found find_in_message(std::string_view what, const WholeMessage& message, std::string_view value) {
  if (what == "status") return find_status(message, value);
  if (what == "header") return find_field(message, value);
  if (what == "no-header") return find_no_field(message, value);
  return find_part(message, value);
}

Found find(const Expectation& expected, const TrialOutcome& outcome, const TraceRecord& trace) {
  constexpr std::string_view kUpstream = "upstream-";
  std::string_view what = expected.what;
  if (what == "log") return find_line(trace, expected.value);
  if (what == "upstream") {
    if (outcome.upstream.has_value() == (expected.value == "asked")) return std::nullopt;
    return outcome.upstream ? "it was asked" : "it was not asked";
  }
  const bool of_upstream = what.starts_with(kUpstream);
  const auto& message = of_upstream ? outcome.upstream : outcome.response;
  if (!message) return of_upstream ? "the upstream was not asked" : "there was no response";
  return find_in_message(of_upstream ? what.substr(kUpstream.size()) : what, *message, expected.value);
}

}  // namespace

std::optional<std::string> why_not_met(const Expectation& expected, const TrialOutcome& outcome,
                                       const TraceRecord& trace) {
  auto found = find(expected, outcome, trace);
  if (!found) return std::nullopt;
  return fmt::format("expected {}={}, but {}", expected.what, expected.value, *found);
}

}  // namespace sallyport::app
