#pragma once
// The part of a body that a guest sees in one callback: what was held for it, then what arrived. Reads are copies out
// of both; the first edit makes one text of them.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::wasm {

class BodyBuffer {
 public:
  // Both views stay valid until `close`.
  void open(std::string_view held, std::string_view arrived) {
    held_ = held;
    arrived_ = arrived;
    edited_ = false;
    open_ = true;
  }
  void close() noexcept { open_ = false; }

  bool is_open() const noexcept { return open_; }
  bool is_edited() const noexcept { return edited_; }
  std::size_t size() const noexcept { return edited_ ? text_.size() : held_.size() + arrived_.size(); }
  std::string take_text() { return std::move(text_); }

  // Copies `size` bytes from `start`; both lie within the buffer.
  void copy(std::size_t start, std::size_t size, char* to) const {
    if (edited_) {
      std::memcpy(to, text_.data() + start, size);
      return;
    }
    std::size_t from_held = start < held_.size() ? std::min(size, held_.size() - start) : 0;
    if (from_held > 0) std::memcpy(to, held_.data() + start, from_held);
    if (size > from_held)
      std::memcpy(to + from_held, arrived_.data() + (start + from_held - held_.size()), size - from_held);
  }

  // Puts `bytes` in place of `size` bytes at `start`; beyond the end means at the end.
  void splice(std::size_t start, std::size_t size, std::string_view bytes) {
    if (!edited_) {
      text_.assign(held_);
      text_.append(arrived_);
      edited_ = true;
    }
    start = std::min(start, text_.size());
    text_.replace(start, std::min(size, text_.size() - start), bytes);
  }

 private:
  std::string_view held_;
  std::string_view arrived_;
  std::string text_;
  bool edited_ = false;
  bool open_ = false;
};

}  // namespace sallyport::wasm
