#include "app/trace_record.h"

#include "plugins/wasm/plugin_log.h"

#include <algorithm>
#include <utility>

namespace sallyport::app {
namespace {

using Kind = TraceEvent::Kind;

bool is_printed(std::string_view level) { return level == "stdout" || level == "stderr"; }

}  // namespace

void TraceRecord::stage(std::string name) { add({.kind = Kind::kStage, .instance = newest_, .name = std::move(name)}); }

void TraceRecord::logged(log::Level level, std::string_view line) {
  if (level == log::Level::kDebug || was_said(line)) return;
  if (level == log::Level::kError) errors_.emplace_back(line);
  add({.kind = Kind::kLogged, .instance = newest_, .name = std::string(log::name(level)), .text = std::string(line)});
}

// "plugin NAME: what it said"
bool TraceRecord::was_said(std::string_view line) const {
  if (!line.starts_with("plugin ")) return false;
  return std::ranges::any_of(said_, [&](const std::string& said) { return line.ends_with(": " + said); });
}

void TraceRecord::begin() {
  end_print();
  begun_ = true;
  std::erase_if(events_,
                [this](const TraceEvent& event) { return event.kind != Kind::kStage && event.instance != newest_; });
  for (const TraceEvent& event : events_) listener_(event);
}

void TraceRecord::add(TraceEvent event) {
  newest_ = std::max(newest_, event.instance);
  events_.push_back(std::move(event));
  if (begun_) listener_(events_.back());
}

// What is printed comes in pieces; its lines are told whole.
void TraceRecord::said(std::uint64_t instance, wasm::TracedLine line) {
  if (!is_printed(line.level)) {
    end_print();
    said_.push_back(wasm::as_log_line(line.text));
    return add({.kind = Kind::kSaid, .instance = instance, .name = std::move(line.level), .text = said_.back()});
  }
  if (printed_.name != line.level || printed_.instance != instance) end_print();
  printed_.kind = Kind::kSaid;
  printed_.instance = instance;
  printed_.name = std::move(line.level);
  for (char c : line.text) {
    if (c == '\n')
      end_print();
    else
      printed_.text += c;
  }
}

void TraceRecord::end_print() {
  if (printed_.text.empty()) return;
  TraceEvent line = printed_;
  printed_.text.clear();
  line.text = wasm::as_log_line(line.text);
  said_.push_back(line.text);
  add(std::move(line));
}

void TraceRecord::entered(std::uint64_t instance, std::string_view function, std::string arguments) {
  add({.kind = Kind::kEntered, .instance = instance, .name = std::string(function), .text = std::move(arguments)});
}

void TraceRecord::called(std::uint64_t instance, wasm::TracedHostCall call) {
  end_print();
  add({.kind = Kind::kCalled,
       .instance = instance,
       .name = std::string(call.name),
       .text = std::move(call.arguments),
       .result = std::move(call.result),
       .given = std::move(call.given),
       .succeeded = call.succeeded,
       .times = {.guest = {}, .host = call.time}});
}

void TraceRecord::returned(std::uint64_t instance, wasm::TracedReturn returned) {
  end_print();
  trapped_ = trapped_ || returned.trapped;
  add({.kind = Kind::kReturned,
       .instance = instance,
       .name = "",
       .result = std::move(returned.result),
       .succeeded = !returned.trapped,
       .times = returned.times});
}

}  // namespace sallyport::app
