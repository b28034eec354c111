#include "exchange/comparison.h"

#include "base/bytes.h"
#include "base/ip_range.h"
#include "base/regex.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace sallyport::exchange {
namespace {

using json::Value;
using Text = std::optional<std::string_view>;
using ComparisonPtr = std::unique_ptr<const Comparison>;

// A whole text as a number, as Lua reads it: with spaces around, a sign, hexadecimal with 0x; no "inf", no "nan".
std::optional<double> number_of(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  if (text.empty() || (!hexadecimal && text[0] != '.' && (text[0] < '0' || text[0] > '9')) || text[0] == '-') {
    return std::nullopt;
  }
  double number = 0;
  auto format = hexadecimal ? std::chars_format::hex : std::chars_format::general;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, format);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? -number : number;
}

// A number on the right makes the left one too; null stands for a variable without a value.
class Equality final : public Comparison {
 public:
  explicit Equality(Value right) : right_(std::move(right)) {}
  bool holds(Text left) const override {
    if (right_.is_null() || !left) return right_.is_null() && !left;
    if (right_.is_number()) return number_of(*left) == right_.number();
    return right_.is_string() && *left == right_.string();
  }

 private:
  Value right_;
};

class Inequality final : public Comparison {
 public:
  explicit Inequality(Value right) : equality_(std::move(right)) {}
  bool holds(Text left) const override { return !equality_.holds(left); }

 private:
  Equality equality_;
};

// Both sides as numbers; false where one is none.
class Ordering final : public Comparison {
 public:
  using Holds = bool (*)(double, double);
  Ordering(Holds order, const Value& right) : order_(order) {
    if (right.is_number()) right_ = right.number();
    if (right.is_string()) right_ = number_of(right.string());
  }
  bool holds(Text text) const override {
    auto left = text ? number_of(*text) : std::nullopt;
    return left && right_ && order_(*left, *right_);
  }

 private:
  Holds order_;
  std::optional<double> right_;
};

class Matching final : public Comparison {
 public:
  explicit Matching(Regex pattern) : pattern_(std::move(pattern)) {}
  bool holds(Text left) const override { return left && pattern_.matches(*left); }

 private:
  Regex pattern_;
};

// The left side is text, which equals texts alone: a list of numbers has no member of it.
class Membership final : public Comparison {
 public:
  explicit Membership(const Value& right) {
    if (!right.is_array()) return;
    for (const Value& member : right.array()) {
      if (member.is_string()) members_.push_back(member.string());
    }
  }
  bool holds(Text left) const override { return left && std::ranges::find(members_, *left) != members_.end(); }

 private:
  std::vector<std::string> members_;
};

// `has` asks for a member of a list; the variables of an exchange are single texts.
class Containing final : public Comparison {
 public:
  bool holds(Text) const override { return false; }
};

class InRanges final : public Comparison {
 public:
  explicit InRanges(IpRanges ranges) : ranges_(std::move(ranges)) {}
  bool holds(Text left) const override { return left && ranges_.contains(*left); }

 private:
  IpRanges ranges_;
};

template <bool (*Holds)(double, double)>
Result<ComparisonPtr> make_ordering(const Value& right) {
  return std::make_unique<Ordering>(Holds, right);
}

bool greater(double a, double b) { return a > b; }
bool greater_or_equal(double a, double b) { return a >= b; }
bool less(double a, double b) { return a < b; }
bool less_or_equal(double a, double b) { return a <= b; }

template <Regex::Case MatchCase>
Result<ComparisonPtr> make_matching(const Value& right) {
  if (!right.is_string()) return fail(ErrorCode::kInvalid, "a pattern must be a string");
  TRY(Regex pattern, Regex::compile(right.string(), MatchCase));
  return std::make_unique<Matching>(std::move(pattern));
}

Result<ComparisonPtr> make_in_ranges(const Value& right) {
  json::Array one{right};
  const json::Array& written = right.is_array() ? right.array() : one;
  IpRanges ranges;
  for (const Value& range : written) {
    if (!range.is_string()) return fail(ErrorCode::kInvalid, "invalid ip address");
    TRY_STATUS(ranges.add(range.string()));
  }
  if (ranges.empty()) return fail(ErrorCode::kInvalid, "invalid ip address");
  return std::make_unique<InRanges>(std::move(ranges));
}

struct Operator {
  std::string_view name;
  Result<ComparisonPtr> (*make)(const Value& right);
};

constexpr Operator kOperators[] = {
    {"==", [](const Value& right) -> Result<ComparisonPtr> { return std::make_unique<Equality>(right); }},
    {"~=", [](const Value& right) -> Result<ComparisonPtr> { return std::make_unique<Inequality>(right); }},
    {">", make_ordering<greater>},
    {">=", make_ordering<greater_or_equal>},
    {"<", make_ordering<less>},
    {"<=", make_ordering<less_or_equal>},
    {"~~", make_matching<Regex::Case::kSensitive>},
    {"~*", make_matching<Regex::Case::kIgnored>},
    {"in", [](const Value& right) -> Result<ComparisonPtr> { return std::make_unique<Membership>(right); }},
    {"has", [](const Value&) -> Result<ComparisonPtr> { return std::make_unique<Containing>(); }},
    {"ipmatch", make_in_ranges},
};

const Operator* operator_named(std::string_view name) {
  auto found =
      std::ranges::find_if(kOperators, [&](const Operator& op) { return equals_ignoring_case(op.name, name); });
  return found == std::end(kOperators) ? nullptr : &*found;
}

}  // namespace

bool is_operator(std::string_view name) { return operator_named(name) != nullptr; }

Result<ComparisonPtr> make_comparison(std::string_view op, const Value& right) {
  const Operator* known = operator_named(op);
  if (!known) return fail(ErrorCode::kInvalid, "invalid operator '" + std::string(op) + "'");
  return known->make(right);
}

}  // namespace sallyport::exchange
