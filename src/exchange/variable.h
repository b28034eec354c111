#pragma once
// Variables of an exchange by nginx's and APISIX's names: uri, arg_x, http_x, cookie_x, remote_addr, route_id ...
// A name is looked up once, where a conf is compiled; reading it is then one indirect call.

#include "http/field_name.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::exchange {

class Exchange;

// What comes after the prefix of a family (`x` of `arg_x`), or the whole name of a property.
struct VariableKey {
  std::string_view text;
  http::FieldName known = http::FieldName::kOther;  // of a family of header fields
};

// Nothing when there is no such value now. The text lives as long as the exchange, or until what it shows is changed.
using ReadVariable = std::optional<std::string_view> (*)(const Exchange&, const VariableKey&);

// Immutable, shared by all workers.
class Variable {
 public:
  // Any name is one: what is not built in is read as a property of the exchange.
  explicit Variable(std::string_view name);

  const std::string& name() const noexcept { return name_; }
  // False for a name that has a value only where a plugin sets a property of that name.
  bool is_built_in() const noexcept;
  std::optional<std::string_view> of(const Exchange& exchange) const {
    return read_(exchange, {std::string_view(name_).substr(key_at_), known_});
  }

 private:
  std::string name_;
  std::size_t key_at_ = 0;
  http::FieldName known_ = http::FieldName::kOther;
  ReadVariable read_;
};

// Those that are built in, without the members of families (`arg_x`).
std::vector<std::string_view> variable_names();

// Looks up and reads at once.
std::optional<std::string_view> read_variable(std::string_view name, const Exchange& exchange);

}  // namespace sallyport::exchange
