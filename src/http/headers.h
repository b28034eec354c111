#pragma once
// The fields of one message, in the order they stand on the wire. Names keep their case and compare without it.
// The text lies in the arena of the exchange, which outlives the Headers.

#include "base/arena.h"
#include "http/field_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::http {

struct Field {
  std::string_view name;
  std::string_view value;
  FieldName known = FieldName::kOther;
  // Name and value are known to be valid, so that writing them need not look again. Who changes one of them makes it
  // false, or knows better.
  bool is_checked = false;
};

class Headers {
 public:
  explicit Headers(Arena& arena) noexcept : arena_(&arena) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const Field* begin() const noexcept { return fields_; }
  const Field* end() const noexcept { return fields_ + size_; }
  Field* begin() noexcept { return fields_; }
  Field* end() noexcept { return fields_ + size_; }
  void clear() noexcept {
    size_ = 0;
    known_ = 0;
  }

  // False: no field has one of these names, a set of `bit_of`. True: one has, or had.
  bool may_have(std::uint32_t names) const noexcept { return (known_ & names) != 0; }

  // The first value, or nothing.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  std::optional<std::string_view> get(FieldName known) const noexcept;
  bool has(std::string_view name) const noexcept { return get(name).has_value(); }
  std::size_t count(std::string_view name) const noexcept;

  // Adds a line at the end; `add` copies both texts into the arena, `add_view` keeps views that the caller guarantees.
  void add(std::string_view name, std::string_view value);
  void add_view(const Field& field) {
    if (size_ == capacity_) grow();
    fields_[size_++] = field;
    known_ |= bit_of(field.known);
  }
  void add_view(std::string_view name, std::string_view value, FieldName known) { add_view({name, value, known}); }
  // Of a name and a value that are known to be valid.
  void add_checked(std::string_view name, std::string_view value, FieldName known) {
    add_view({name, value, known, true});
  }
  void add_view(std::string_view name, std::string_view value) { add_view(name, value, known_field(name)); }

  // Replaces the first line of that name and removes the others; adds one when there is none.
  void set(std::string_view name, std::string_view value);
  void set_view(std::string_view name, std::string_view value);
  // How many lines went.
  std::size_t remove(std::string_view name);
  std::size_t remove(FieldName known);
  // All whose names are in a set of `bit_of`.
  std::size_t remove_any_of(std::uint32_t names);

  template <class Predicate>
  std::size_t remove_if(Predicate drop) {
    Field* kept = std::remove_if(begin(), end(), drop);
    auto removed = static_cast<std::size_t>(end() - kept);
    size_ -= removed;
    return removed;
  }

  Arena& arena() const noexcept { return *arena_; }

 private:
  void grow();

  Arena* arena_;
  Field* fields_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::uint32_t known_ = 0;  // bits of the names that were added since all was cleared
};

}  // namespace sallyport::http
