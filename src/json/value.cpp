#include "json/value.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sallyport::json {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

bool same_number(std::int64_t whole, double other) {
  bool fits = other >= -kTwoTo63 && other < kTwoTo63;
  return fits && std::trunc(other) == other && static_cast<std::int64_t>(other) == whole;
}

}  // namespace

Object::Object(std::initializer_list<Member> members) {
  members_.reserve(members.size());
  for (const Member& member : members) (*this)[member.first] = member.second;
}

const Value* Object::find(std::string_view key) const noexcept {
  for (const Member& member : members_) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Value* Object::find(std::string_view key) noexcept { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Object::operator[](std::string_view key) {
  if (Value* found = find(key)) return *found;
  return append(std::string(key), Value());
}

Value& Object::append(std::string key, Value value) {
  return members_.emplace_back(std::move(key), std::move(value)).second;
}

void Object::erase(std::string_view key) {
  std::erase_if(members_, [&](const Member& member) { return member.first == key; });
}

bool operator==(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto& [key, value] = a.members_[i];
    // Equal objects mostly have equal order, which spares the look-up.
    const Value* other = b.members_[i].first == key ? &b.members_[i].second : b.find(key);
    if (!other || !(value == *other)) return false;
  }
  return true;
}

Value::Value(std::uint64_t value) noexcept {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = static_cast<double>(value);
  }
}

std::int64_t Value::integer() const {
  if (is_integer()) return std::get<std::int64_t>(data_);
  double value = std::get<double>(data_);
  if (std::isnan(value)) return 0;
  if (value >= kTwoTo63) return std::numeric_limits<std::int64_t>::max();
  if (value < -kTwoTo63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}

double Value::number() const {
  return is_integer() ? static_cast<double>(std::get<std::int64_t>(data_)) : std::get<double>(data_);
}

const Value* Value::find(std::string_view key) const noexcept {
  const Object* members = std::get_if<Object>(&data_);
  return members ? members->find(key) : nullptr;
}

std::string Value::string_or(std::string_view key, std::string_view otherwise) const {
  const Value* member = find(key);
  return member && member->is_string() ? member->string() : std::string(otherwise);
}

std::int64_t Value::integer_or(std::string_view key, std::int64_t otherwise) const {
  const Value* member = find(key);
  return member && member->is_number() ? member->integer() : otherwise;
}

double Value::number_or(std::string_view key, double otherwise) const {
  const Value* member = find(key);
  return member && member->is_number() ? member->number() : otherwise;
}

bool Value::boolean_or(std::string_view key, bool otherwise) const {
  const Value* member = find(key);
  return member && member->is_boolean() ? member->boolean() : otherwise;
}

bool operator==(const Value& a, const Value& b) {
  if (a.type() == Type::kInteger && b.type() == Type::kNumber) return same_number(a.integer(), b.number());
  if (a.type() == Type::kNumber && b.type() == Type::kInteger) return same_number(b.integer(), a.number());
  return a.data_ == b.data_;
}

}  // namespace sallyport::json
