#include "plugins/wasm/call_text.h"

#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace sallyport::wasm {
namespace {

// The parameters of each function, one letter each:
//   i I f  a number of 32 bits, of 64 bits, a float     t  a text: address and size
//   m      kind of map     b  of buffer     s  of stream     l  level of the log     k  kind of metric
//   p      a map as bytes  P  the path of a property     w  pieces to write: address and count
//   a      a text of AssemblyScript
// Behind > it is a place for the result: an address, or two for t and p. What is not listed shows its numbers.
struct Shape {
  std::string_view name;
  std::string_view params;
};

constexpr Shape kShapes[] = {
    {"proxy_log", "lt"},
    {"proxy_get_log_level", ">l"},
    {"proxy_get_current_time_nanoseconds", ">I"},
    {"proxy_set_tick_period_milliseconds", "i"},
    {"proxy_get_buffer_bytes", "bii>t"},
    {"proxy_get_buffer_status", "b>i>i"},
    {"proxy_set_buffer_bytes", "biit"},
    {"proxy_get_configuration", ">t"},
    {"proxy_call_foreign_function", "tt>t"},
    {"proxy_get_header_map_size", "m>i"},
    {"proxy_get_header_map_pairs", "m>p"},
    {"proxy_set_header_map_pairs", "mp"},
    {"proxy_get_header_map_value", "mt>t"},
    {"proxy_add_header_map_value", "mtt"},
    {"proxy_replace_header_map_value", "mtt"},
    {"proxy_remove_header_map_value", "mt"},
    {"proxy_http_call", "tptpi>i"},
    {"proxy_get_status", ">i>t"},
    {"proxy_define_metric", "kt>i"},
    {"proxy_increment_metric", "iI"},
    {"proxy_record_metric", "iI"},
    {"proxy_get_metric", "i>I"},
    {"proxy_get_property", "P>t"},
    {"proxy_set_property", "Pt"},
    {"proxy_get_shared_data", "t>t>i"},
    {"proxy_set_shared_data", "tti"},
    {"proxy_register_shared_queue", "t>i"},
    {"proxy_resolve_shared_queue", "tt>i"},
    {"proxy_enqueue_shared_queue", "it"},
    {"proxy_dequeue_shared_queue", "i>t"},
    {"proxy_send_local_response", "ittpi"},
    {"proxy_continue_stream", "s"},
    {"proxy_close_stream", "s"},
    {"proxy_set_effective_context", "i"},
    {"fd_write", "iw>i"},
    {"abort", "aaii"},
    {"clock_time_get", "iI>I"},
};

constexpr std::string_view kMaps[] = {"request_headers",   "request_trailers",      "response_headers",
                                      "response_trailers", "grpc_initial_metadata", "grpc_trailing_metadata",
                                      "http_call_headers", "http_call_trailers"};
constexpr std::string_view kBuffers[] = {"request_body",     "response_body",        "downstream_data",
                                         "upstream_data",    "http_call_body",       "grpc_message",
                                         "vm_configuration", "plugin_configuration", "call_data"};
constexpr std::string_view kStreams[] = {"request", "response", "downstream", "upstream"};
constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "critical"};
constexpr std::string_view kMetrics[] = {"counter", "gauge", "histogram"};

std::string named(std::uint32_t number, std::span<const std::string_view> names) {
  return number < names.size() ? std::string(names[number]) : std::to_string(number);
}

bool is_printable(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

std::string text_at(GuestMemory& memory, GuestRange range) {
  auto bytes = memory.read(range);
  return bytes ? quote(*bytes) : fmt::format("{} bytes outside of the memory at {}", range.size, range.at);
}

std::string pairs_at(GuestMemory& memory, GuestRange range) {
  auto bytes = memory.read(range);
  if (!bytes) return text_at(memory, range);
  auto pairs = read_pairs(*bytes);
  if (!pairs) return "malformed map " + quote(*bytes);
  std::string text = "{";
  for (const auto& [name, value] : *pairs) {
    text += (text.size() > 1 ? ", " : "") + quote(name) + ": " + quote(value);
  }
  return text + "}";
}

// Segments between NULs: request.path
std::string path_at(GuestMemory& memory, GuestRange range) {
  auto bytes = memory.read(range);
  if (!bytes) return text_at(memory, range);
  std::string path(*bytes);
  if (path.ends_with('\0')) path.pop_back();
  std::ranges::replace(path, '\0', '.');
  return quote(path);
}

std::string pieces(GuestMemory& memory, std::uint32_t at, std::uint32_t count) {
  std::string text;
  for (std::uint32_t i = 0; i < count && text.size() <= kLongestQuote; ++i) {
    auto piece = memory.load<std::uint32_t>(at + i * 8);
    auto size = memory.load<std::uint32_t>(at + i * 8 + 4);
    if (!piece || !size) break;
    text += memory.read({*piece, *size}).value_or("");
  }
  return text;
}

// UTF-16 whose size in bytes stands before it; beyond ASCII a '?' does.
std::string assembly_script_text(GuestMemory& memory, std::uint32_t at) {
  auto size = at < 4 ? std::nullopt : memory.load<std::uint32_t>(at - 4);
  std::string text;
  for (std::uint32_t i = 0; size && i + 1 < *size && text.size() <= kLongestQuote; i += 2) {
    auto unit = memory.load<std::uint16_t>(at + i);
    if (!unit) break;
    text += *unit < 0x80 ? static_cast<char>(*unit) : '?';
  }
  return text;
}

// Bytes that the gateway gives for a number have 8, little-endian.
std::string value_at(GuestMemory& memory, GuestRange range) {
  auto bytes = memory.read(range);
  if (!bytes || bytes->size() != 8 || is_printable(*bytes)) return text_at(memory, range);
  return fmt::format("{} as 8 bytes", memory.load<std::int64_t>(range.at).value_or(0));
}

std::string plain_number(ValueType type, const Slot& slot) {
  if (type == ValueType::kI32) return std::to_string(static_cast<std::int32_t>(slot.u32()));
  if (type == ValueType::kF64) return fmt::format("{}", std::bit_cast<double>(slot.u64()));
  return std::to_string(static_cast<std::int64_t>(slot.u64()));
}

// What one letter shows, of values that stand in slots.
std::string shown(char letter, std::span<const Slot> slots, GuestMemory& memory) {
  const std::uint32_t number = slots[0].u32();
  auto range = [&] { return GuestRange{number, slots[1].u32()}; };
  switch (letter) {
    case 't':
      return text_at(memory, range());
    case 'p':
      return pairs_at(memory, range());
    case 'P':
      return path_at(memory, range());
    case 'w':
      return quote(pieces(memory, number, slots[1].u32()));
    case 'a':
      return quote(assembly_script_text(memory, number));
    case 'm':
      return named(number, kMaps);
    case 'b':
      return named(number, kBuffers);
    case 's':
      return named(number, kStreams);
    case 'l':
      return named(number, kLevels);
    case 'k':
      return named(number, kMetrics);
    case 'I':
      return std::to_string(static_cast<std::int64_t>(slots[0].u64()));
    default:
      return std::to_string(static_cast<std::int32_t>(number));
  }
}

std::size_t slots_of(char letter) { return std::string_view("tpPw").contains(letter) ? 2 : 1; }

// What stands where the guest wanted it.
std::string shown_result(char letter, std::span<const Slot> slots, GuestMemory& memory) {
  if (slots_of(letter) == 2) {
    auto at = memory.load<std::uint32_t>(slots[0].u32());
    auto size = memory.load<std::uint32_t>(slots[1].u32());
    if (!at || !size) return "";
    return letter == 'p' ? pairs_at(memory, {*at, *size}) : value_at(memory, {*at, *size});
  }
  Slot value;
  value.bits = letter == 'I' ? memory.load<std::uint64_t>(slots[0].u32()).value_or(0)
                             : memory.load<std::uint32_t>(slots[0].u32()).value_or(0);
  return shown(letter, {&value, 1}, memory);
}

enum class Direction { kIn, kOut };

const Shape* shape_of(const Import& import) {
  auto found = std::ranges::find(kShapes, import.name, &Shape::name);
  return found == std::end(kShapes) ? nullptr : found;
}

std::string parameters(const Shape& shape, Direction wanted, std::span<const Slot> slots, GuestMemory& memory) {
  std::string text;
  Direction direction = Direction::kIn;
  for (char letter : shape.params) {
    if (letter == '>') {
      direction = Direction::kOut;
      continue;
    }
    const auto own = slots.first(slots_of(letter));
    slots = slots.subspan(own.size());
    if (std::exchange(direction, Direction::kIn) != wanted) continue;
    if (!text.empty()) text += ", ";
    text += wanted == Direction::kIn ? shown(letter, own, memory) : shown_result(letter, own, memory);
  }
  return text;
}

std::string_view name_of_status(std::uint32_t status) {
  switch (static_cast<Status>(status)) {
    case Status::kOk:
      return " ok";
    case Status::kNotFound:
      return " not found";
    case Status::kBadArgument:
      return " bad argument";
    case Status::kSerializationFailure:
      return " serialization failure";
    case Status::kParseFailure:
      return " parse failure";
    case Status::kInvalidMemoryAccess:
      return " invalid memory access";
    case Status::kEmpty:
      return " empty";
    case Status::kCasMismatch:
      return " cas mismatch";
    case Status::kInternalFailure:
      return " internal failure";
    default:
      return "";
  }
}

struct CallbackLabels {
  std::string_view name;
  std::array<std::string_view, 5> labels;
};

constexpr CallbackLabels kCallbackLabels[] = {
    {"proxy_on_context_create", {"context", "parent"}},
    {"proxy_on_vm_start", {"root", "configuration_size"}},
    {"proxy_validate_configuration", {"root", "configuration_size"}},
    {"proxy_on_configure", {"root", "configuration_size"}},
    {"proxy_on_request_headers", {"context", "headers", "end_of_stream"}},
    {"proxy_on_request_body", {"context", "body_size", "end_of_stream"}},
    {"proxy_on_request_trailers", {"context", "trailers"}},
    {"proxy_on_response_headers", {"context", "headers", "end_of_stream"}},
    {"proxy_on_response_body", {"context", "body_size", "end_of_stream"}},
    {"proxy_on_response_trailers", {"context", "trailers"}},
    {"proxy_on_done", {"context"}},
    {"proxy_on_log", {"context"}},
    {"proxy_on_delete", {"context"}},
    {"proxy_on_tick", {"root"}},
    {"proxy_on_http_call_response", {"root", "call", "headers", "body_size", "trailers"}},
    {"proxy_on_queue_ready", {"root", "queue"}},
    {"proxy_on_foreign_function", {"root", "function", "size"}},
    {"proxy_on_grpc_receive", {"root", "call", "size"}},
    {"proxy_on_grpc_close", {"root", "call", "status"}},
    {"proxy_on_grpc_receive_initial_metadata", {"root", "call", "fields"}},
    {"proxy_on_grpc_receive_trailing_metadata", {"root", "call", "fields"}},
    {"proxy_on_grpc_trailing_metadata", {"root", "call", "fields"}},
};

const CallbackShape* callback_of(std::string_view name) {
  auto found = std::ranges::find_if(kCallbackShapes, [&](const CallbackShape& shape) { return shape.has_name(name); });
  return found == kCallbackShapes.end() ? nullptr : &*found;
}

bool has_action(std::string_view name) {
  return name.starts_with("proxy_on_request_") || name.starts_with("proxy_on_response_");
}

std::string_view name_of_action(std::uint32_t action) {
  constexpr std::string_view kNames[] = {" continue", " pause", " continue and end stream", " stop and drop body"};
  return action < std::size(kNames) ? kNames[action] : " pause";
}

}  // namespace

std::string quote(std::string_view bytes) {
  std::string text = "\"";
  for (char c : bytes.substr(0, kLongestQuote)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '"' || c == '\\')
      text.append(1, '\\').append(1, c);
    else if (byte < ' ' || byte == 0x7f)
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    else
      text += c;
  }
  text += '"';
  if (bytes.size() > kLongestQuote) fmt::format_to(std::back_inserter(text), "... ({} bytes)", bytes.size());
  return text;
}

std::string arguments_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory) {
  if (const Shape* shape = shape_of(import)) return parameters(*shape, Direction::kIn, slots, memory);
  std::string text;
  for (std::size_t i = 0; i < import.signature.params.size(); ++i) {
    text += (i > 0 ? ", " : "") + plain_number(import.signature.params[i], slots[i]);
  }
  return text;
}

std::string given_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory) {
  const Shape* shape = shape_of(import);
  return shape ? parameters(*shape, Direction::kOut, slots, memory) : "";
}

std::string result_text(const Import& import, const Slot& result, bool& succeeded) {
  if (import.signature.results.empty()) return "";
  if (import.signature.results.front() != ValueType::kI32)
    return plain_number(import.signature.results.front(), result);
  succeeded = result.u32() == 0;
  std::string text = std::to_string(result.u32());
  return import.name.starts_with("proxy_") ? text.append(name_of_status(result.u32())) : text;
}

std::optional<SaidText> said_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory) {
  if (import.name == "proxy_log" && slots[0].u32() < std::size(kLevels)) {
    auto text = memory.read({slots[1].u32(), slots[2].u32()});
    if (text) return SaidText{kLevels[slots[0].u32()], std::string(*text)};
  }
  if (import.name == "fd_write" && (slots[0].u32() == 1 || slots[0].u32() == 2)) {
    return SaidText{slots[0].u32() == 1 ? "stdout" : "stderr", pieces(memory, slots[1].u32(), slots[2].u32())};
  }
  return std::nullopt;
}

std::string callback_arguments_text(std::string_view name, std::span<const Slot> slots) {
  const CallbackShape* shape = callback_of(name);
  auto labels = std::ranges::find(kCallbackLabels, name, &CallbackLabels::name);
  if (!shape || labels == std::end(kCallbackLabels)) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(shape->most_params, slots.size()); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}={}", i > 0 ? ", " : "", labels->labels[i], slots[i].u32());
  }
  return text;
}

std::string callback_result_text(std::string_view name, const Slot& result) {
  const CallbackShape* shape = callback_of(name);
  if (!shape || !shape->has_result) return "";
  std::string text = std::to_string(result.u32());
  if (has_action(name)) return text.append(name_of_action(result.u32()));
  return text.append(result.u32() != 0 ? " true" : " false");
}

}  // namespace sallyport::wasm
