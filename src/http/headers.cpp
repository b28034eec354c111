#include "http/headers.h"

#include "base/bytes.h"

#include <algorithm>

namespace sallyport::http {
namespace {

bool is_named(const Field& field, std::string_view name, FieldName known) {
  return field.known == known && (is_one_name(known) || equals_ignoring_case(field.name, name));
}

}  // namespace

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  FieldName known = known_field(name);
  if (!may_have(bit_of(known))) return std::nullopt;
  for (const Field& field : *this) {
    if (is_named(field, name, known)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Headers::get(FieldName known) const noexcept {
  if (!may_have(bit_of(known))) return std::nullopt;
  for (const Field& field : *this) {
    if (field.known == known) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  FieldName known = known_field(name);
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const Field& field) { return is_named(field, name, known); }));
}

void Headers::add(std::string_view name, std::string_view value) {
  add_view(arena_->copy(name), arena_->copy(value), known_field(name));
}

void Headers::set(std::string_view name, std::string_view value) { set_view(arena_->copy(name), arena_->copy(value)); }

void Headers::set_view(std::string_view name, std::string_view value) {
  FieldName known = known_field(name);
  if (!may_have(bit_of(known))) return add_view(name, value, known);
  auto first = std::find_if(begin(), end(), [&](const Field& field) { return is_named(field, name, known); });
  if (first == end()) return add_view(name, value, known);
  first->value = value;
  first->is_checked = false;
  Field* to = first + 1;
  for (Field* field = to; field != end(); ++field) {
    if (!is_named(*field, name, known)) *to++ = *field;
  }
  size_ = static_cast<std::size_t>(to - fields_);
}

std::size_t Headers::remove(std::string_view name) {
  FieldName known = known_field(name);
  if (!may_have(bit_of(known))) return 0;
  return remove_if([&](const Field& field) { return is_named(field, name, known); });
}

std::size_t Headers::remove(FieldName known) { return remove_any_of(bit_of(known)); }

std::size_t Headers::remove_any_of(std::uint32_t names) {
  if (!may_have(names)) return 0;
  known_ &= ~names;
  return remove_if([names](const Field& field) { return (bit_of(field.known) & names) != 0; });
}

void Headers::grow() {
  std::size_t capacity = capacity_ ? capacity_ * 2 : 24;
  auto* fields = static_cast<Field*>(arena_->allocate(capacity * sizeof(Field)));
  std::copy(begin(), end(), fields);
  fields_ = fields;
  capacity_ = capacity;
}

}  // namespace sallyport::http
