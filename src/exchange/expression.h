#pragma once
// Expressions over variables, as routes' `vars` and plugins' `_meta.filter` are written:
// [["arg_name", "==", "json"], ["OR", ["age", ">", 18], ...]]. Compiled once, immutable, shared by all workers.

#include "base/result.h"
#include "json/value.h"

#include <memory>

namespace sallyport::exchange {

class Exchange;

class Expression {
 public:
  // Error: kInvalid with the part that is wrong.
  static Result<Expression> compile(const json::Value& expression);

  Expression();  // always true
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  bool always_true() const noexcept;
  bool matches(const Exchange& exchange) const;

  struct Node;

 private:
  std::unique_ptr<const Node> root_;
};

}  // namespace sallyport::exchange
