#include "plugins/wasm/instance_room.h"

#include "async/task_group.h"

#include <algorithm>

namespace sallyport::wasm {

void InstanceRoom::given_back() {
  --in_use_;
  counts_.given_back();
  if (!waiting_.empty()) wake_soon();
}

async::Task<InstanceRoom::Outcome> InstanceRoom::wait(exchange::Exchange& exchange) {
  struct Place {
    InstanceRoom& room;
    Waiting waiting;
    explicit Place(InstanceRoom& its_room) : room(its_room) { room.waiting_.push_back(&waiting); }
    ~Place() { std::erase(room.waiting_, &waiting); }
  };
  if (waiting_.size() >= most_) co_return Outcome::kTooManyWait;
  Place place(*this);
  async::TaskGroup watch;
  if (exchange.waiter) watch.spawn(end_wait(exchange, place.waiting));
  co_await place.waiting.wake;
  co_return place.waiting.is_over ? Outcome::kTooLong : Outcome::kFree;
}

// Does not wake by itself: what it woke might end the exchange, and this coroutine with it.
async::Task<void> InstanceRoom::end_wait(exchange::Exchange& exchange, Waiting& waiting) {
  co_await exchange.sleep(kLongestWait);
  waiting.is_over = true;
  wake_soon();
}

// In the next turn of the loop: now, an exchange is just ending.
void InstanceRoom::wake_soon() {
  worker_([self = shared_from_this()] { self->wake(); });
}

// Those that have waited for too long came first.
void InstanceRoom::wake() {
  while (!waiting_.empty() && (waiting_.front()->is_over || !is_full())) {
    Waiting& first = *waiting_.front();
    waiting_.pop_front();
    first.wake.set();
  }
}

}  // namespace sallyport::wasm
