#pragma once
// co_await set_within(reactor, event, timeout): whether the event was set in time. It was reset before; when the time
// is over it is set, too.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task.h"

namespace sallyport::async {

inline Task<bool> set_within(Reactor& reactor, Event& event, Milliseconds timeout) {
  bool is_late = false;
  auto expire = [&event, &is_late] {
    is_late = true;
    event.set();
  };
  auto timer = reactor.start_timer(timeout, Reactor::Repeat::kOnce, expire);
  co_await event;
  co_return !is_late;
}

}  // namespace sallyport::async
