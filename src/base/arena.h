#pragma once
// Memory of one request: allocation bumps a pointer, everything is given back at once. Between requests an Arena holds
// none: blocks of the usual size go to a pool of the thread, where the one used last is the next to be taken.
// An Arena belongs to one worker. Destructors of what lies in it do not run unless `make` registers them.

#include "base/memory_watch.h"

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sallyport {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release(); }

  // Uninitialised bytes, aligned for any fundamental type; never null.
  void* allocate(std::size_t size) {
    size = (size + 15) & ~std::size_t{15};
    if (size > left_) return allocate_slowly(size);
    void* block = next_;
    next_ += size;
    left_ -= size;
    allow_use(block, size);
    return block;
  }

  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size()));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // `a` and `b` and `c`, joined.
  std::string_view join(std::string_view a, std::string_view b, std::string_view c = {}) {
    char* to = static_cast<char*>(allocate(a.size() + b.size() + c.size() + 1));
    if (!a.empty()) std::memcpy(to, a.data(), a.size());
    if (!b.empty()) std::memcpy(to + a.size(), b.data(), b.size());
    if (!c.empty()) std::memcpy(to + a.size() + b.size(), c.data(), c.size());
    return {to, a.size() + b.size() + c.size()};
  }

  // An object that lives as long as the arena; its destructor runs when the arena is reset.
  template <class T, class... Args>
  T& make(Args&&... args) {
    T* object = new (allocate(sizeof(T))) T(std::forward<Args>(args)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
      auto* node =
          new (allocate(sizeof(Cleanup))) Cleanup{[](void* p) { static_cast<T*>(p)->~T(); }, object, cleanups_};
      cleanups_ = node;
    }
    return *object;
  }

  // A moment to come back to: `rewind` gives back what was taken since, in which `make` must have left no destructor.
  class Mark;
  Mark mark() const noexcept;
  void rewind(const Mark& mark) noexcept;

  // What was taken beyond the first block.
  std::size_t extra_bytes() const noexcept { return extra_bytes_; }

  // Ends every object of `make` (last made, first ended) and starts over.
  void reset() {
    release();
    next_ = nullptr;
    left_ = extra_bytes_ = 0;
  }

 private:
  friend struct BlockPool;
  static constexpr std::size_t kBlock = 8192 - 64;
  struct alignas(16) Block {
    Block* next;
    std::size_t size;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };
  struct Cleanup {
    void (*end)(void*);
    void* object;
    Cleanup* next;
  };

  void* allocate_slowly(std::size_t size) {
    Block* block = size > kBlock ? make_block(size) : take_block();
    if (blocks_ || block->size != kBlock) extra_bytes_ += block->size;
    block->next = blocks_;
    blocks_ = block;
    allow_use(block->bytes(), size);
    next_ = block->bytes() + size;
    left_ = block->size - size;
    forbid_use(next_, left_);
    return block->bytes();
  }

  static Block* make_block(std::size_t size) {
    auto* block = static_cast<Block*>(::operator new(sizeof(Block) + size));
    block->size = size;
    return block;
  }
  // Of the usual size, from and to the pool of this thread (arena.cpp).
  static Block* take_block();
  static void give_block(Block* block) noexcept;

  void run_cleanups() {
    while (cleanups_) {
      Cleanup* node = std::exchange(cleanups_, cleanups_->next);
      node->end(node->object);
    }
  }

  void release() noexcept {
    run_cleanups();
    while (blocks_) give_block(std::exchange(blocks_, blocks_->next));
  }

  char* next_ = nullptr;
  std::size_t left_ = 0;
  Block* blocks_ = nullptr;
  std::size_t extra_bytes_ = 0;
  Cleanup* cleanups_ = nullptr;
};

class Arena::Mark {
  friend class Arena;
  char* next_;
  std::size_t left_;
  Block* blocks_;
  std::size_t extra_bytes_;
};

inline Arena::Mark Arena::mark() const noexcept {
  Mark mark;
  mark.next_ = next_;
  mark.left_ = left_;
  mark.blocks_ = blocks_;
  mark.extra_bytes_ = extra_bytes_;
  return mark;
}

inline void Arena::rewind(const Mark& mark) noexcept {
  while (blocks_ != mark.blocks_) give_block(std::exchange(blocks_, blocks_->next));
  next_ = mark.next_;
  left_ = mark.left_;
  extra_bytes_ = mark.extra_bytes_;
  if (next_) forbid_use(next_, left_);
}

}  // namespace sallyport
