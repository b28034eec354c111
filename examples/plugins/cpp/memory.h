#pragma once
// Memory for a plugin that has no C library: an allocator, and text that is borrowed (View) or owned (Text).
// A Wasm instance is single-threaded; nothing here is safe for threads.

#include <stddef.h>
#include <stdint.h>

extern "C" char __heap_base;  // Where the linker's own data ends.

namespace proxy_wasm {

// Blocks have sizes of powers of two, and a freed block waits in the list of its size: constant time, no search.
class Heap {
 public:
  // Null when the host grants no more memory, or when size is over 1 GiB.
  void* allocate(size_t size) {
    if (size > kLargest) return nullptr;
    const unsigned order = order_of(size + sizeof(Block));
    Block* block = free_[order];
    if (block != nullptr) {
      free_[order] = block->next;
    } else {
      block = take_fresh(order);
      if (block == nullptr) return nullptr;
    }
    block->order = order;
    return block + 1;
  }

  void release(void* memory) {
    if (memory == nullptr) return;
    Block* block = static_cast<Block*>(memory) - 1;
    block->next = free_[block->order];
    free_[block->order] = block;
  }

 private:
  static constexpr size_t kLargest = 1u << 30;
  static constexpr size_t kPage = 65536;
  struct alignas(16) Block {
    unsigned order;
    Block* next;
  };

  static unsigned order_of(size_t size) {
    const unsigned order = 32 - __builtin_clz(static_cast<unsigned>(size - 1));
    return order < 5 ? 5 : order;
  }

  Block* take_fresh(unsigned order) {
    if (end_ == 0) end_ = (reinterpret_cast<uintptr_t>(&__heap_base) + 15) & ~uintptr_t{15};
    const size_t size = size_t{1} << order;
    const size_t available = __builtin_wasm_memory_size(0) * kPage - end_;
    if (size > available) {
      const size_t pages = (size - available + kPage - 1) / kPage;
      if (__builtin_wasm_memory_grow(0, pages) == static_cast<size_t>(-1)) return nullptr;
    }
    Block* block = reinterpret_cast<Block*>(end_);
    end_ += size;
    return block;
  }

  uintptr_t end_ = 0;
  Block* free_[32] = {};
};

inline constinit Heap heap;

// For what the plugin cannot do without: no memory is a trap, which the host reports.
inline void* allocate_or_trap(size_t size) {
  void* memory = heap.allocate(size);
  if (memory == nullptr) __builtin_trap();
  return memory;
}

// Bytes that somebody else owns.
struct View {
  const char* data = nullptr;
  size_t size = 0;

  constexpr View() = default;
  constexpr View(const char* bytes, size_t length) : data(bytes), size(length) {}
  template <size_t N>
  constexpr View(const char (&literal)[N]) : data(literal), size(N - 1) {}

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
    heap.release(data_);
    data_ = other.data_;
    size_ = other.size_;
    capacity_ = other.capacity_;
    other.forget();
    return *this;
  }
  ~Text() { heap.release(data_); }

  // Takes over memory that heap.allocate() gave, as the host does for its answers.
  static Text adopt(char* data, size_t size) {
    Text text;
    text.data_ = data;
    text.size_ = text.capacity_ = size;
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
    char* data = static_cast<char*>(allocate_or_trap(capacity));
    for (size_t i = 0; i < size_; ++i) data[i] = data_[i];
    heap.release(data_);
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
