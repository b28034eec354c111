#pragma once
// Reads the JSON object that a plugin is configured with (RFC 8259).
// The whole text is checked; strings are decoded, all other values are handed out as they are written.

#include "text.h"

namespace proxy_wasm {

struct JsonValue {
  enum class Kind { kString, kNumber, kOther };
  Kind kind = Kind::kOther;
  Text text;

  // The value as a whole number without sign, fraction or exponent; `otherwise` for everything else.
  uint32_t whole_number_or(uint32_t otherwise) const {
    const View digits = text.view();
    if (kind != Kind::kNumber || digits.size > 9) return otherwise;
    uint32_t number = 0;
    for (size_t i = 0; i < digits.size; ++i) {
      if (digits.data[i] < '0' || digits.data[i] > '9') return otherwise;
      number = 10 * number + static_cast<uint32_t>(digits.data[i] - '0');
    }
    return number;
  }
};

class JsonReader {
 public:
  explicit JsonReader(View text) : text_(text) {}

  // Calls on_member(View name, JsonValue&&) for each member of the outermost object, in order.
  // False where the text is no JSON object; error() and offset() then tell why and where.
  template <typename OnMember>
  bool read_object(OnMember&& on_member) {
    skip_space();
    return members(on_member) && (skip_space(), at_ == text_.size || fail("text follows the object"));
  }

  View error() const { return error_; }
  // In bytes from the start of the text.
  size_t offset() const { return at_; }
  bool is_blank() {
    skip_space();
    return at_ == text_.size;
  }

 private:
  static constexpr int kDeepest = 64;  // Nested values live on the plugin's small stack.

  bool fail(View why) {
    if (error_.size == 0) error_ = why;
    return false;
  }
  char peek() const { return at_ < text_.size ? text_.data[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size || text_.data[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  template <typename OnMember>
  bool members(OnMember&& on_member) {
    if (!take('{')) return fail("an object must start with '{'");
    skip_space();
    if (take('}')) return true;
    do {
      JsonValue value;
      Text name;
      skip_space();
      if (!string(name)) return false;
      skip_space();
      if (!take(':')) return fail("':' is missing after a name");
      if (!value_of(value)) return false;
      on_member(name.view(), static_cast<JsonValue&&>(value));
    } while (take(','));
    return take('}') || fail("',' or '}' is missing after a member");
  }

  // One value with the space around it.
  bool value_of(JsonValue& out) {
    skip_space();
    const size_t start = at_;
    const char first = peek();
    if (first == '"') {
      out.kind = JsonValue::Kind::kString;
      if (!string(out.text)) return false;
    } else {
      const bool is_number = first == '-' || is_digit(first);
      if (!(is_number ? number() : container_or_word(first))) return false;
      out.kind = is_number ? JsonValue::Kind::kNumber : JsonValue::Kind::kOther;
      out.text = Text({text_.data + start, at_ - start});
    }
    skip_space();
    return true;
  }

  bool container_or_word(char first) {
    if (first != '{' && first != '[') return word("true") || word("false") || word("null") || fail("no JSON value");
    if (depth_ == kDeepest) return fail("the values are nested too deeply");
    ++depth_;
    const bool ok = first == '{' ? members([](View, JsonValue&&) {}) : elements();
    --depth_;
    return ok;
  }

  bool elements() {
    take('[');
    skip_space();
    if (take(']')) return true;
    do {
      JsonValue ignored;
      if (!value_of(ignored)) return false;
    } while (take(','));
    return take(']') || fail("',' or ']' is missing after an element");
  }

  bool word(View expected) {
    if (text_.size - at_ < expected.size || !(View(text_.data + at_, expected.size) == expected)) return false;
    at_ += expected.size;
    return true;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool digits() {
    if (!is_digit(peek())) return fail("a digit is missing in a number");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    take('-');
    const bool leading_zero = peek() == '0';
    if (leading_zero ? (++at_, is_digit(peek())) : !digits()) return fail("a number must not start with 0");
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool string(Text& out) {
    if (!take('"')) return fail("a string must start with '\"'");
    while (!take('"')) {
      const size_t start = at_;
      while (at_ < text_.size && is_plain(peek())) ++at_;
      out.append({text_.data + start, at_ - start});
      if (at_ == text_.size) return fail("a string does not end");
      if (take('\\')) {
        if (!escape(out)) return false;
      } else if (peek() != '"') {
        return fail("a control character stands in a string");
      }
    }
    return true;
  }

  static bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

  bool escape(Text& out) {
    constexpr View kNames = "\"\\/bfnrt";
    constexpr View kMeanings = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < kNames.size; ++i) {
      if (!take(kNames.data[i])) continue;
      out.append({kMeanings.data + i, 1});
      return true;
    }
    return take('u') ? unicode_escape(out) : fail("an unknown escape stands in a string");
  }

  // Characters beyond 0xFFFF come as two escapes, a high and a low surrogate.
  bool unicode_escape(Text& out) {
    uint32_t code = 0;
    if (!four_hex_digits(code)) return false;
    if (code >= 0xD800 && code < 0xE000) {
      uint32_t low = 0;
      if (code >= 0xDC00 || !take('\\') || !take('u')) return fail("half of a surrogate pair stands in a string");
      if (!four_hex_digits(low)) return false;
      if (low < 0xDC00 || low >= 0xE000) return fail("half of a surrogate pair stands in a string");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool four_hex_digits(uint32_t& code) {
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      if (is_digit(c)) {
        code = 16 * code + static_cast<uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = 16 * code + static_cast<uint32_t>(lower - 'a') + 10;
      } else {
        return fail("\\u needs four hexadecimal digits");
      }
    }
    return true;
  }

  static void append_utf8(Text& out, uint32_t code) {
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
      const char bytes[] = {static_cast<char>(code)};
      out.append({bytes, sizeof bytes});
    } else if (code < 0x800) {
      const char bytes[] = {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
      out.append({bytes, sizeof bytes});
    } else if (code < 0x10000) {
      const char bytes[] = {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
      out.append({bytes, sizeof bytes});
    } else {
      const char bytes[] = {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
      out.append({bytes, sizeof bytes});
    }
  }

  View text_;
  size_t at_ = 0;
  int depth_ = 0;
  View error_;
};

}  // namespace proxy_wasm
