#pragma once
// Whose time slice is next on one worker: one in each turn of its loop, and those that wait in the order in which they
// came, so that whatever else the worker has to do comes in between. Belongs to its worker's thread.

#include "plugins/wasm/threads.h"

#include <coroutine>
#include <cstddef>
#include <memory>

namespace sallyport::wasm {

class SliceTurns : public std::enable_shared_from_this<SliceTurns> {
 public:
  // `worker`: its own.
  explicit SliceTurns(Post worker) : worker_(std::move(worker)) {}
  SliceTurns(const SliceTurns&) = delete;
  SliceTurns& operator=(const SliceTurns&) = delete;

  // co_await turns.next(): returns in a later turn of the loop, alone. Dropping the coroutine gives the place up.
  class Place {
   public:
    explicit Place(SliceTurns& turns) : turns_(turns) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (is_waiting_) turns_.leave(*this);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiting_ = waiting;
      turns_.join(*this);
    }
    void await_resume() const noexcept {}

   private:
    friend SliceTurns;
    SliceTurns& turns_;
    std::coroutine_handle<> waiting_;
    bool is_waiting_ = false;
    Place* previous_ = nullptr;
    Place* next_ = nullptr;
  };
  Place next() { return Place(*this); }
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  void join(Place& place);
  void leave(Place& place) noexcept;
  void come_back();
  void run_first();

  Post worker_;
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool comes_back_ = false;  // in the next turn of the loop
};

}  // namespace sallyport::wasm
