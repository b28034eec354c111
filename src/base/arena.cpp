#include "base/arena.h"

namespace sallyport {

// The free blocks of one thread.
struct BlockPool {
  static constexpr std::size_t kMost = kMemoryIsWatched ? 0 : 512;  // 4 MiB
  Arena::Block* free = nullptr;
  std::size_t size = 0;

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool() {
    while (free) ::operator delete(std::exchange(free, free->next));
  }
  static BlockPool& of_this_thread() {
    thread_local BlockPool pool;
    return pool;
  }
};

Arena::Block* Arena::take_block() {
  BlockPool& pool = BlockPool::of_this_thread();
  if (!pool.free) return make_block(kBlock);
  --pool.size;
  return std::exchange(pool.free, pool.free->next);
}

void Arena::give_block(Block* block) noexcept {
  BlockPool& pool = BlockPool::of_this_thread();
  if (block->size != kBlock || pool.size >= BlockPool::kMost) {
    allow_use(block->bytes(), block->size);
    ::operator delete(block);
    return;
  }
  block->next = pool.free;
  pool.free = block;
  ++pool.size;
}

}  // namespace sallyport
