#pragma once
// The operators of expressions: == ~= > >= < <= ~~ ~* in has ipmatch.

#include "base/result.h"
#include "json/value.h"

#include <memory>
#include <optional>
#include <string_view>

namespace sallyport::exchange {

// An operator with its right side. Immutable, shared by all workers.
class Comparison {
 public:
  virtual ~Comparison() = default;
  virtual bool holds(std::optional<std::string_view> left) const = 0;
};

// Any case.
bool is_operator(std::string_view name);

// Error: kInvalid: an unknown operator, a pattern that does not compile, no address.
Result<std::unique_ptr<const Comparison>> make_comparison(std::string_view op, const json::Value& right);

}  // namespace sallyport::exchange
