#pragma once
// The linear memory of one instance with every access checked. Guest pointers are 32-bit offsets from its base.
// Views into it are valid until the guest runs again, for example in its allocator.

#include "plugins/wasm/engine.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace sallyport::wasm {

// A range as guests name it, not checked yet.
struct GuestRange {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

class GuestMemory {
 public:
  explicit GuestMemory(Instance& instance) : instance_(instance) {}

  // The bytes, or nothing when they do not lie in memory. An empty range may point anywhere.
  std::optional<std::string_view> read(GuestRange range) {
    if (range.size == 0) return std::string_view();
    if (!covers(range)) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(view_.base) + range.at, range.size);
  }

  // Where to write `size` bytes, or null.
  char* write(std::uint32_t at, std::uint32_t size) {
    return covers({at, size}) ? reinterpret_cast<char*>(view_.base) + at : nullptr;
  }

  template <class Number>
  bool store(std::uint32_t at, Number number) {
    if (!covers({at, sizeof(Number)})) return false;
    std::memcpy(view_.base + at, &number, sizeof(Number));
    return true;
  }

  template <class Number>
  std::optional<Number> load(std::uint32_t at) {
    if (!covers({at, sizeof(Number)})) return std::nullopt;
    Number number;
    std::memcpy(&number, view_.base + at, sizeof(Number));
    return number;
  }

  std::size_t size() {
    view_ = instance_.memory();
    return view_.size;
  }

 private:
  // Memory only grows and never moves: what was inside stays inside, and only a miss needs another look.
  bool covers(GuestRange range) {
    std::uint64_t end = std::uint64_t{range.at} + range.size;
    if (end <= view_.size) [[likely]]
      return true;
    return end <= size();
  }

  Instance& instance_;
  MemoryView view_;
};

}  // namespace sallyport::wasm
