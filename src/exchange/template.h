#pragma once
// Text with variables in it: "$name", "${name}", "${name ?? otherwise}", as plugin confs and log formats write them.
// Compiled once, immutable, shared by all workers.

#include "exchange/variable.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::exchange {

class Template {
 public:
  // A "$" that begins no name stays, and so does one after a backslash.
  explicit Template(std::string_view text);

  // A piece of text, or a variable with what stands for it when it has no value.
  struct Part {
    std::string text;
    std::optional<Variable> variable;
    std::string otherwise;
  };
  const std::vector<Part>& parts() const noexcept { return parts_; }

  bool is_constant() const noexcept { return constant_; }

  // In the arena of the exchange, or the template's own text when it is constant. A variable without a value is
  // nothing. `escape`, where given, is applied to the value of each variable.
  using Escape = std::string (*)(std::string_view value);
  std::string_view render(const Exchange& exchange, Escape escape = nullptr) const;

 private:
  std::vector<Part> parts_;
  bool constant_ = true;
};

// Compiles and renders at once.
std::string_view resolve_variables(std::string_view text, const Exchange& exchange);

}  // namespace sallyport::exchange
