#pragma once
// One io_uring with a ring of receive buffers. Made on any thread; from the first `enter` on it belongs to the thread
// that called it, and operations of other threads are not taken any more.

#include "async/buffer_pool.h"
#include "base/clock.h"
#include "base/result.h"

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace sallyport::async {

// One operation, or one that completes many times. Its address stands for it in the kernel: it must stay where it is
// until its last completion, the one without IORING_CQE_F_MORE.
class Completion {
 public:
  virtual void on_completion(int result, std::uint32_t flags) = 0;

 protected:
  ~Completion() = default;
};

class UringRing {
 public:
  // Error: kUnavailable with what this kernel lacks or forbids.
  static Result<std::unique_ptr<UringRing>> open(BufferPool& pool);
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  // An entry to fill in with io_uring_prep_*; it is submitted with the next wait. Null for what needs no answer.
  io_uring_sqe& next_entry();
  static void name(io_uring_sqe& entry, Completion* completion) { io_uring_sqe_set_data(&entry, completion); }

  // Asks for the end of an operation, which still completes.
  void cancel(Completion& completion);
  // Ends an operation before it returns: afterwards the kernel uses nothing of it, and it does not complete. The result
  // that it would have completed with; nothing when it never began.
  std::optional<int> settle(Completion& completion);

  // Submits, waits for the first completion but no longer than `at_most`. Throws std::runtime_error when the kernel
  // refuses.
  void enter(Milliseconds at_most);
  // Handles all completions that are there.
  void dispatch();

  // Entries that receive into the ring's buffers carry this group.
  static constexpr std::uint16_t kBufferGroup = 0;
  // The buffer of a completed receive, a large one of the pool; the ring gets another one for it.
  std::unique_ptr<char[]> take_buffer(std::uint32_t flags);
  void put_buffer_back(std::uint32_t flags);
  void tell_exhausted();  // a receive found no buffer: from the next turn on there are more

  bool is_mine() const noexcept { return owner_ == std::this_thread::get_id(); }

 private:
  explicit UringRing(BufferPool& pool) : pool_(pool) {}
  Status set_up();
  Status offer_buffers();
  void offer_more(std::size_t count);
  void begin();
  bool withdraw(Completion& completion);
  io_uring_cqe* find_completion(Completion& completion);
  void offer(std::uint16_t id);

  BufferPool& pool_;
  io_uring ring_{};
  bool is_open_ = false;
  std::thread::id owner_;  // nobody's before the first `enter`
  io_uring_buf_ring* offered_ = nullptr;
  bool was_exhausted_ = false;                    // in this turn
  std::vector<std::unique_ptr<char[]>> buffers_;  // by the id under which they are offered
};

}  // namespace sallyport::async
