#include "json/parse.h"

#include "base/bytes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>

namespace sallyport::json {
namespace {

constexpr std::size_t kMaxDepth = 128;
constexpr std::size_t kFewMembers = 16;  // up to here a linear look-up for duplicates beats a set

// Reads `text` for the parser and lets others see how far it has come. Copies share the position.
class Reader {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit Reader(const char** at) : at_(at) {}
  reference operator*() const { return **at_; }
  Reader& operator++() {
    ++*at_;
    return *this;
  }
  Reader operator++(int) { return ++*this; }
  bool operator==(const Reader& other) const { return *at_ == *other.at_; }
  bool operator!=(const Reader& other) const { return !(*this == other); }

 private:
  const char** at_;
};

// Builds a Value from the parser's events; an event answers false to stop.
class Builder {
 public:
  Value take() { return std::move(root_); }
  std::string cause;  // why an event stopped the parser, or what the parser found

  bool null() { return put(Value()); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) { return stop("binary values are not JSON"); }
  bool start_object(std::size_t) { return open(Object()); }
  bool start_array(std::size_t) { return open(Array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& key) {
    if (!open_.back().add(key)) return stop(fmt::format("member \"{}\" appears twice in one object", key));
    key_ = std::move(key);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
    return stop(without_preamble(error.what()));
  }

 private:
  // A container that is being filled, with the keys it has when they are many.
  struct Open {
    Value* container;
    std::unordered_set<std::string> keys;

    bool add(const std::string& key) {
      const Object& object = container->object();
      if (object.size() < kFewMembers) return object.find(key) == nullptr;
      if (keys.empty()) {
        for (const auto& member : object) keys.insert(member.first);
      }
      return keys.insert(key).second;
    }
  };

  bool stop(std::string why) {
    cause = std::move(why);
    return false;
  }

  // The library says `[json.exception.NAME.N] parse error at line L, column C: CAUSE`; some errors have no place.
  static std::string without_preamble(std::string_view what) {
    if (what.starts_with('[')) what.remove_prefix(std::min(what.find("] ") + 2, what.size()));
    if (what.starts_with("parse error at ")) what.remove_prefix(std::min(what.find(": ") + 2, what.size()));
    return std::string(what);
  }

  Value& place(Value value) {
    if (open_.empty()) return root_ = std::move(value);
    Value& parent = *open_.back().container;
    if (parent.is_array()) return parent.array().emplace_back(std::move(value));
    return parent.object().append(std::move(key_), std::move(value));
  }

  bool put(Value value) {
    place(std::move(value));
    return true;
  }

  // The address stays: a container gets no sibling before it is closed.
  bool open(Value container) {
    if (open_.size() == kMaxDepth) return stop(fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back(Open{&place(std::move(container)), {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Value root_;
  std::string key_;
  std::vector<Open> open_;
};

// "line L, column C" of the last byte before `at`.
std::string place_of(std::string_view text, const char* at) {
  std::string_view seen = text.substr(0, static_cast<std::size_t>(at - text.data()));
  auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
  std::size_t newline = seen.rfind('\n');
  std::size_t column = newline == std::string_view::npos ? seen.size() : seen.size() - newline - 1;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

Result<Value> parse(std::string_view text) {
  const char* at = text.data();
  const char* end = text.data() + text.size();
  Builder builder;
  if (nlohmann::json::sax_parse(Reader(&at), Reader(&end), &builder)) return builder.take();
  return fail(ErrorCode::kInvalid, place_of(text, at) + ": " + builder.cause);
}

}  // namespace sallyport::json
