#pragma once
// Text for a plugin that has no C++ library: borrowed (View) or owned (Text), on the memory of the SDK's header.

#include "proxy_wasm.h"

namespace proxy_wasm {

// Bytes that somebody else owns.
struct View {
  const char* data = nullptr;
  size_t size = 0;

  constexpr View() = default;
  constexpr View(const char* bytes, size_t length) : data(bytes), size(length) {}
  template <size_t N>
  constexpr View(const char (&literal)[N]) : data(literal), size(N - 1) {}

  operator proxy_view() const { return {data, size}; }

  constexpr bool operator==(View other) const {
    if (size != other.size) return false;
    for (size_t i = 0; i < size; ++i) {
      if (data[i] != other.data[i]) return false;
    }
    return true;
  }
};

// Bytes of one's own; grows by appending.
class Text {
 public:
  Text() = default;
  explicit Text(View bytes) { append(bytes); }
  Text(Text&& other) : data_(other.data_), size_(other.size_), capacity_(other.capacity_) { other.forget(); }
  Text& operator=(Text&& other) {
    if (this == &other) return *this;
    proxy_free(data_);
    data_ = other.data_;
    size_ = other.size_;
    capacity_ = other.capacity_;
    other.forget();
    return *this;
  }
  ~Text() { proxy_free(data_); }

  // Takes over what the host gave.
  static Text adopt(proxy_bytes bytes) {
    Text text;
    text.data_ = bytes.data;
    text.size_ = text.capacity_ = bytes.size;
    return text;
  }

  View view() const { return {data_, size_}; }

  Text& append(View bytes) {
    reserve(size_ + bytes.size);
    for (size_t i = 0; i < bytes.size; ++i) data_[size_ + i] = bytes.data[i];
    size_ += bytes.size;
    return *this;
  }

  Text& append_decimal(uint32_t number) {
    char digits[10];
    size_t first = sizeof digits;
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return append({digits + first, sizeof digits - first});
  }

 private:
  void reserve(size_t wanted) {
    if (wanted <= capacity_) return;
    const size_t capacity = wanted < 2 * capacity_ ? 2 * capacity_ : wanted;
    char* data = static_cast<char*>(proxy_allocate_or_trap(capacity));
    for (size_t i = 0; i < size_; ++i) data[i] = data_[i];
    proxy_free(data_);
    data_ = data;
    capacity_ = capacity;
  }

  void forget() {
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace proxy_wasm
