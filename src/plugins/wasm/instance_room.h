#pragma once
// How many instances of one pool serve exchanges, and which exchanges wait for one, in their order. Belongs to the
// worker's thread.

#include "async/event.h"
#include "async/task.h"
#include "base/clock.h"
#include "exchange/exchange.h"
#include "plugins/wasm/instance_counts.h"
#include "plugins/wasm/threads.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace sallyport::wasm {

class InstanceRoom : public std::enable_shared_from_this<InstanceRoom> {
 public:
  // Of one exchange. Two plugins of a route may each wait for the other one's instances: nobody waits for long.
  static constexpr Milliseconds kLongestWait{1000};
  enum class Outcome : std::uint8_t { kFree, kTooManyWait, kTooLong };

  // `most`: instances, and exchanges that wait. `counts` outlives it.
  InstanceRoom(Post worker, InstanceCounts& counts, std::size_t most)
      : worker_(std::move(worker)), counts_(counts), most_(most) {}
  InstanceRoom(const InstanceRoom&) = delete;
  InstanceRoom& operator=(const InstanceRoom&) = delete;

  std::size_t most() const noexcept { return most_; }
  std::size_t in_use() const noexcept { return in_use_; }
  bool is_full() const noexcept { return in_use_ >= most_; }
  // For those that do not come from `wait`.
  bool is_free() const noexcept { return !is_full() && waiting_.empty(); }
  void taken() noexcept {
    ++in_use_;
    counts_.taken();
  }
  void given_back();
  // Whoever got kFree takes one at once.
  async::Task<Outcome> wait(exchange::Exchange& exchange);

 private:
  struct Waiting {
    async::Event wake;
    bool is_over = false;
  };
  async::Task<void> end_wait(exchange::Exchange& exchange, Waiting& waiting);
  void wake_soon();
  void wake();

  Post worker_;
  InstanceCounts& counts_;
  std::size_t most_;
  std::size_t in_use_ = 0;
  std::deque<Waiting*> waiting_;
};

}  // namespace sallyport::wasm
