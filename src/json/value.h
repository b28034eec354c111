#pragma once
// A JSON value. Objects keep the order in which their members were written; look-up is linear, as members are few.
// Values are plain data: copy, move, compare.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sallyport::json {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;

// Members in written order; keys are unique.
class Object {
 public:
  Object() = default;
  Object(std::initializer_list<Member> members);

  bool empty() const noexcept;
  std::size_t size() const noexcept;
  std::vector<Member>::const_iterator begin() const noexcept;
  std::vector<Member>::const_iterator end() const noexcept;
  std::vector<Member>::iterator begin() noexcept;
  std::vector<Member>::iterator end() noexcept;

  const Value* find(std::string_view key) const noexcept;  // null when absent
  Value* find(std::string_view key) noexcept;
  Value& operator[](std::string_view key);      // adds a null member when absent
  Value& append(std::string key, Value value);  // as the last member; the caller knows that the key is new
  void erase(std::string_view key);

  friend bool operator==(const Object& a, const Object& b);  // order does not matter

 private:
  std::vector<Member> members_;
};

enum class Type { kNull, kBoolean, kInteger, kNumber, kString, kArray, kObject };

class Value {
 public:
  Value() noexcept : data_(nullptr) {}
  Value(std::nullptr_t) noexcept : data_(nullptr) {}
  Value(bool value) noexcept : data_(value) {}
  Value(int value) noexcept : data_(std::int64_t{value}) {}
  Value(std::int64_t value) noexcept : data_(value) {}
  Value(std::uint64_t value) noexcept;  // above 2^63 - 1 it becomes a double
  Value(double value) noexcept : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) noexcept : data_(std::move(value)) {}
  Value(Array value) noexcept : data_(std::move(value)) {}
  Value(Object value) noexcept : data_(std::move(value)) {}

  Type type() const noexcept { return static_cast<Type>(data_.index()); }
  bool is_null() const noexcept { return type() == Type::kNull; }
  bool is_boolean() const noexcept { return type() == Type::kBoolean; }
  bool is_integer() const noexcept { return type() == Type::kInteger; }
  bool is_number() const noexcept { return type() == Type::kInteger || type() == Type::kNumber; }  // integers included
  bool is_string() const noexcept { return type() == Type::kString; }
  bool is_array() const noexcept { return type() == Type::kArray; }
  bool is_object() const noexcept { return type() == Type::kObject; }

  // The value as that type; the caller has checked the type.
  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const;  // a number without a fraction; doubles are truncated
  double number() const;         // any number
  const std::string& string() const { return std::get<std::string>(data_); }
  const Array& array() const { return std::get<Array>(data_); }
  Array& array() { return std::get<Array>(data_); }
  const Object& object() const { return std::get<Object>(data_); }
  Object& object() { return std::get<Object>(data_); }

  // The member of an object; null when this is no object or has no such member.
  const Value* find(std::string_view key) const noexcept;

  // The member of an object as a type, or `otherwise` when it is absent or of another type.
  std::string string_or(std::string_view key, std::string_view otherwise) const;
  std::int64_t integer_or(std::string_view key, std::int64_t otherwise) const;
  double number_or(std::string_view key, double otherwise) const;
  bool boolean_or(std::string_view key, bool otherwise) const;

  friend bool operator==(const Value& a, const Value& b);  // 1 equals 1.0

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data_;
};

// Here, where a Member is complete.
inline bool Object::empty() const noexcept { return members_.empty(); }
inline std::size_t Object::size() const noexcept { return members_.size(); }
inline std::vector<Member>::const_iterator Object::begin() const noexcept { return members_.begin(); }
inline std::vector<Member>::const_iterator Object::end() const noexcept { return members_.end(); }
inline std::vector<Member>::iterator Object::begin() noexcept { return members_.begin(); }
inline std::vector<Member>::iterator Object::end() noexcept { return members_.end(); }

}  // namespace sallyport::json
