#pragma once
// One `uri` of a route, compiled: a literal path, a prefix, or segments with wildcards and parameters. Immutable.

#include "base/regex.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::exchange {
class Exchange;
}

namespace sallyport::route {

enum class Parameters { kNo, kYes };  // whether a segment ":name" stands for any one segment

// Of the properties that say what wildcards and parameters of the route stand for.
inline constexpr std::string_view kParameterPrefix = "uri_param_";

class PathPattern {
 public:
  // Error: kInvalid when it is empty.
  static Result<PathPattern> compile(std::string text, Parameters parameters);

  const std::string& text() const noexcept { return text_; }
  // Whether it is the path itself; otherwise `key` is what every path that matches begins with.
  bool is_literal() const noexcept { return is_literal_; }
  std::string_view key() const noexcept { return std::string_view(text_).substr(0, key_size_); }

  // Whether `path`, which begins with `key`, matches as a whole.
  bool matches(std::string_view path) const;

  // Sets what the wildcards and parameters stand for in `path`, which matches, as properties `uri_param_<name>`.
  void name_parameters(std::string_view path, exchange::Exchange& exchange) const;

 private:
  PathPattern() = default;

  std::string text_;
  std::size_t key_size_ = 0;
  bool is_literal_ = true;
  std::optional<Regex> segments_;   // only when the key does not decide
  std::vector<std::string> names_;  // properties, one a group of `segments_`; empty: not named
};

}  // namespace sallyport::route
