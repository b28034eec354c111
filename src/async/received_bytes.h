#pragma once
// What a socket has received and its reader has not consumed, in the buffers into which the kernel put it: a current
// piece that the reader sees, and queued ones behind it. Belongs to one loop.

#include "async/buffer_pool.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::async {

class ReceivedBytes {
 public:
  explicit ReceivedBytes(BufferPool& pool) : pool_(pool) {}
  ReceivedBytes(const ReceivedBytes&) = delete;
  ReceivedBytes& operator=(const ReceivedBytes&) = delete;
  ~ReceivedBytes();

  // Contiguous, valid until the next consume, show_more or keep_in_little.
  std::string_view unread() const noexcept { return {current_.memory.get() + current_.begin, current_.size()}; }
  void consume(std::size_t bytes);

  // Queues what has arrived in a large buffer of the pool. Little pieces share a buffer.
  void push(std::unique_ptr<char[]> buffer, std::size_t bytes);
  // Adds the next queued piece to what is unread; false: there is none.
  bool show_more();
  bool has_queued() const noexcept { return first_queued_ < queued_.size(); }
  std::size_t queued_buffers() const noexcept { return queued_.size() - first_queued_; }

  // Moves few unread bytes into a small buffer: the reader will hold them for long, as it waits for more.
  void keep_in_little();

 private:
  struct Piece {
    std::unique_ptr<char[]> memory;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const noexcept { return end - begin; }
  };
  void give_back(Piece piece);
  void move_current(std::size_t capacity);  // into a buffer of that size

  BufferPool& pool_;
  Piece current_;
  std::vector<Piece> queued_;  // those before first_queued_ are empty
  std::size_t first_queued_ = 0;
};

}  // namespace sallyport::async
