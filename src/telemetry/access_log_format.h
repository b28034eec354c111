#pragma once
// The access log's line, compiled from nginx's log_format language ("$remote_addr - ...") or the built-in JSON form.
// Immutable, shared by all workers. Whatever the values are, what is rendered is one line.

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sallyport::telemetry {

// Borrows a function `std::optional<std::string_view>(std::size_t index)` that knows the format's variables of one
// request by their place in AccessLogFormat::variables; nothing means that the variable has no value. Valid while the
// call it is passed to lasts.
class VariableLookup final {
 public:
  template <class Function>
    requires(!std::is_same_v<std::remove_cvref_t<Function>, VariableLookup>)
  VariableLookup(Function&& function)
      : function_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* to, std::size_t index) -> std::optional<std::string_view> {
          return (*static_cast<std::remove_reference_t<Function>*>(to))(index);
        }) {}

  std::optional<std::string_view> operator()(std::size_t index) const { return call_(function_, index); }

 private:
  void* function_;
  std::optional<std::string_view> (*call_)(void*, std::size_t);
};

// How values are written (nginx's log_format escape=). In each, CR and LF are escaped.
enum class Escape : std::uint8_t {
  kDefault,  // `"`, `\`, control and non-ASCII bytes as \xXX; "-" for a variable without value
  kJson,     // as inside a JSON string; nothing for a variable without value
  kNone,     // as they are; nothing for a variable without value
};

class AccessLogFormat final {
 public:
  // Error: kInvalid, naming the place in the format.
  static Result<AccessLogFormat> compile(std::string_view format, Escape escape);

  // APISIX's default line; one whose answer the gateway made itself with a 4xx or 5xx ends with ` reason=$reason`.
  static const AccessLogFormat& standard();

  // One JSON object: numbers are numbers, variables without value are null.
  static const AccessLogFormat& json();

  // The names of the variables in the order of the line, some more than once, so that whoever knows them looks each up
  // when the format is set and not for each line.
  const std::vector<std::string>& variables() const noexcept { return variables_; }

  // Appends the line, without a line feed.
  void render(std::string& line, VariableLookup variable) const;

 private:
  enum class Form : std::uint8_t {
    kLiteral,     // `text` itself
    kValue,       // the variable, escaped
    kJsonText,    // the variable as a JSON string with its quotes, or null
    kJsonNumber,  // the variable as a JSON number; a string when it is none, or null
    kReason,      // ` reason=` and the variable, or nothing
  };
  struct Piece {
    Form form;
    std::string text{};  // the literal
  };

  explicit AccessLogFormat(Escape escape) : escape_(escape) {}
  static AccessLogFormat make_standard();
  static AccessLogFormat make_json();
  Status parse_variable(std::string_view format, std::size_t& at);
  void add_variable(Form form, std::string_view name);
  void render_value(std::string& line, std::optional<std::string_view> value) const;

  std::vector<Piece> pieces_;
  std::vector<std::string> variables_;
  Escape escape_;
};

}  // namespace sallyport::telemetry
