#include "app/trace_text.h"

#include "plugins/wasm/call_text.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

namespace sallyport::app {
namespace {

using Kind = TraceEvent::Kind;

double microseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

std::string call_text(const TraceEvent& event) {
  std::string text = fmt::format("{}({})", event.name, event.text);
  if (!event.result.empty()) text += " = " + event.result;
  if (!event.given.empty()) text += " -> " + event.given;
  return text;
}

std::string text_of_bytes(std::string_view bytes) {
  std::string text;
  for (char c : bytes.substr(0, wasm::kLongestQuote)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      text += "\n  ";
    else if (byte < ' ' && c != '\t')
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    else
      text += c;
  }
  if (text.ends_with("\n  ")) text.resize(text.size() - 3);
  if (bytes.size() > wasm::kLongestQuote) text += fmt::format("... ({} bytes)", bytes.size());
  return text;
}

std::string_view kind_of(Kind kind) {
  switch (kind) {
    case Kind::kStage:
      return "stage";
    case Kind::kEntered:
      return "callback";
    case Kind::kCalled:
      return "host_call";
    case Kind::kSaid:
      return "plugin_log";
    case Kind::kLogged:
      return "gateway_log";
    default:
      return "return";
  }
}

json::Value json_of(const http::OwnedFields& fields) {
  json::Array array;
  for (const auto& [name, value] : fields) array.push_back(json::Array{name, value});
  return array;
}

}  // namespace

std::string TraceText::add(const TraceEvent& event) {
  std::string before = callback_.empty() ? "" : std::exchange(callback_, {}) + "\n";
  switch (event.kind) {
    case Kind::kStage:
      return before + event.name + "\n";
    case Kind::kEntered:
      callback_ = fmt::format("  {}({})", event.name, event.text);
      host_calls_ = 0;
      return before;
    case Kind::kCalled:
      ++host_calls_;
      return before + fmt::format("    {}  {:.1f} us\n", call_text(event), microseconds(event.times.host));
    case Kind::kSaid:
      return before + fmt::format("    log {}: {}\n", event.name, event.text);
    case Kind::kLogged:
      return before + fmt::format("    gateway {}: {}\n", event.name, event.text);
    case Kind::kReturned:
      break;
  }
  std::string line = before.empty() ? "  " : before.substr(0, before.size() - 1);
  if (!event.result.empty()) line += (before.empty() ? "  = " : " = ") + event.result;
  line += fmt::format("  {:.1f} us in the guest", microseconds(event.times.guest));
  if (host_calls_ > 0) line += fmt::format(", {:.1f} us in the host", microseconds(event.times.host));
  return line + "\n";
}

std::string text_of(const WholeMessage& message) {
  std::string text = "  " + message.first_line + "\n";
  for (const auto& [name, value] : message.fields) text += "  " + name + ": " + value + "\n";
  if (!message.body.empty()) text += "\n  " + text_of_bytes(message.body) + "\n";
  if (!message.trailers.empty()) text += "  trailers\n";
  for (const auto& [name, value] : message.trailers) text += "  " + name + ": " + value + "\n";
  return text;
}

json::Value json_of(const TraceEvent& event) {
  json::Object object{{"kind", json::Value(kind_of(event.kind))}};
  if (!event.name.empty()) object.append("name", event.name);
  const bool is_call = event.kind == Kind::kCalled || event.kind == Kind::kEntered;
  if (is_call || !event.text.empty()) object.append(is_call ? "arguments" : "text", event.text);
  if (!event.result.empty()) object.append("result", event.result);
  if (!event.given.empty()) object.append("given", event.given);
  if (!event.succeeded) object.append("failed", true);
  if (event.kind == Kind::kReturned) object.append("guest_us", microseconds(event.times.guest));
  if (event.kind == Kind::kReturned || event.kind == Kind::kCalled) {
    object.append("host_us", microseconds(event.times.host));
  }
  return object;
}

json::Value json_of(const WholeMessage& message) {
  json::Object object{{"line", message.first_line}};
  if (message.status != 0) object.append("status", message.status);
  object.append("headers", json_of(message.fields));
  object.append("body", message.body);
  if (!message.trailers.empty()) object.append("trailers", json_of(message.trailers));
  return object;
}

}  // namespace sallyport::app
