#pragma once
// Text with variables in it: "$name", "${name}", "${name ?? otherwise}", as plugin confs and log formats write them.
// "$1" stands for a group of a pattern that the caller has matched. Compiled once, immutable, shared by all workers.

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

  // A piece of text, a variable with what stands for it when it has no value, or a group.
  struct Part {
    std::string text;
    std::optional<Variable> variable;
    std::string otherwise;
    std::optional<std::size_t> group;
  };
  const std::vector<Part>& parts() const noexcept { return parts_; }

  bool is_constant() const noexcept { return constant_; }

  // In the arena of the exchange, or the template's own text when it is constant. A variable without a value is
  // nothing, and so is a group that is not there. `escape`, where given, is applied to the value of each variable.
  using Escape = std::string (*)(std::string_view value);
  using Groups = std::vector<std::string_view>;
  std::string_view render(const Exchange& exchange, Escape escape = nullptr, const Groups& groups = {}) const;

 private:
  std::vector<Part> parts_;
  bool constant_ = true;
};

// Compiles and renders at once.
std::string_view resolve_variables(std::string_view text, const Exchange& exchange);

}  // namespace sallyport::exchange
