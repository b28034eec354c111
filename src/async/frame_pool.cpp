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

// Constant at first and with nothing to destroy, so that a look at it needs no check whether it is there.
constinit thread_local std::array<FreeFrame*, kClasses> free_frames{};

struct FreedWithThread {
  ~FreedWithThread() {
    for (FreeFrame*& list : free_frames) {
      while (list) ::operator delete(std::exchange(list, list->next));
    }
  }
};

constexpr std::size_t class_of(std::size_t size) { return (size + kStep - 1) / kStep; }

// The frames of a thread that never made one stay until the process ends.
void* make_frame(std::size_t size_class) {
  thread_local const FreedWithThread at_end;
  static_cast<void>(&at_end);
  return ::operator new(size_class * kStep);
}

}  // namespace

void* allocate_frame(std::size_t size) {
  std::size_t c = class_of(size);
  if (!is_pooled(c)) return ::operator new(size);
  FreeFrame*& list = free_frames[c];
  if (!list) return make_frame(c);
  return std::exchange(list, list->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  std::size_t c = class_of(size);
  if (!is_pooled(c)) return ::operator delete(frame);
  FreeFrame*& list = free_frames[c];
  list = new (frame) FreeFrame{list};
}

}  // namespace sallyport::async
