#include "async/frame_pool.h"

#include "base/memory_watch.h"

#include <array>
#include <new>
#include <utility>

namespace sallyport::async {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;  // frames up to 4 KiB are pooled

// Under the address sanitizer none is, so that it sees uses of a frame that has ended.
constexpr bool is_pooled(std::size_t size_class) { return size_class < kClasses && !kMemoryIsWatched; }

struct FreeFrame {
  FreeFrame* next;
};

struct Pool {
  std::array<FreeFrame*, kClasses> free{};
  ~Pool() {
    for (FreeFrame*& list : free) {
      while (list) ::operator delete(std::exchange(list, list->next));
    }
  }
};

Pool& pool() {
  thread_local Pool of_this_thread;
  return of_this_thread;
}

constexpr std::size_t class_of(std::size_t size) { return (size + kStep - 1) / kStep; }

}  // namespace

void* allocate_frame(std::size_t size) {
  std::size_t c = class_of(size);
  if (!is_pooled(c)) return ::operator new(size);
  FreeFrame*& list = pool().free[c];
  if (!list) return ::operator new(c * kStep);
  return std::exchange(list, list->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  std::size_t c = class_of(size);
  if (!is_pooled(c)) return ::operator delete(frame);
  FreeFrame*& list = pool().free[c];
  list = new (frame) FreeFrame{list};
}

}  // namespace sallyport::async
