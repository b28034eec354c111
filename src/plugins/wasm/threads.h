#pragma once
// The threads of the gateway as the Wasm host knows them: places to send messages to. Filled by `app`.

#include "async/reactor.h"
#include "plugins/wasm/http_client.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::wasm {

using Message = std::move_only_function<void()>;
using Post = async::Reactor::Post;  // from any thread; a message to a loop that is gone is dropped

using StartTimer =
    std::function<std::unique_ptr<async::Timer>(Milliseconds delay, std::function<void()> fire)>;  // once

struct Threads {
  Post control;               // where plugins are configured; none: everything is done at once on the calling thread
  std::vector<Post> workers;  // in the order of Exchange::worker; none: plugins are only checked
  std::vector<StartTimer> timers;            // of the workers, on their threads; none: no ticks
  std::vector<FindHttpClient> http_clients;  // of the workers; none: HTTP calls are refused
};

inline StartTimer timers_of(async::Reactor& reactor) {
  return [&reactor](Milliseconds delay, std::function<void()> fire) {
    return reactor.start_timer(delay, async::Reactor::Repeat::kOnce, std::move(fire));
  };
}

}  // namespace sallyport::wasm
