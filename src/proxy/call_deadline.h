#pragma once
// The time that a client of gRPC gives its call (the field grpc-timeout), from now on. After it nobody waits for the
// upstream any more, whatever has come of the response by then. Belongs to its exchange.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task.h"
#include "async/until_set.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/grpc.h"
#include "http/message.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace sallyport::proxy {

class CallDeadline {
 public:
  // Nothing for what is no call, or has all the time that its route allows.
  static std::optional<CallDeadline> of(const http::RequestHead& request, const async::Reactor& reactor) {
    if (!http::is_grpc(request.headers)) return std::nullopt;
    const auto timeout = http::parse_grpc_timeout(request.headers.get("grpc-timeout").value_or(""));
    constexpr std::chrono::hours kEndless{24};  // beyond the time-outs of any route
    if (!timeout) return std::nullopt;
    return CallDeadline(reactor, reactor.now() + std::min<Milliseconds>(*timeout, kEndless));
  }

  bool is_over() const { return reactor_->now() >= at_; }
  // Of a time-out what lies before the deadline, at least 1 ms.
  Milliseconds within(Milliseconds timeout) const {
    return std::min(reactor_->until(at_), std::max(timeout, Milliseconds(1)));
  }
  static Error error() {
    return Error{ErrorCode::kTimeout, "the deadline of the call passed", Side::kUpstream, Retry::kNever};
  }

 private:
  CallDeadline(const async::Reactor& reactor, SteadyTime at) : reactor_(&reactor), at_(at) {}

  const async::Reactor* reactor_;
  SteadyTime at_;
};

// What `work` gives, or the error of a deadline that came first; then the work is dropped where it waited.
template <class T>
async::Task<T> until_over(async::Reactor& reactor, const CallDeadline& deadline, async::Task<T> work) {
  async::Event over;
  auto timer =
      reactor.start_timer(deadline.within(Milliseconds::max()), async::Reactor::Repeat::kOnce, [&over] { over.set(); });
  std::optional<T> done = co_await async::UntilSet<T>(over, std::move(work));
  if (!done) co_return fail(CallDeadline::error());
  co_return std::move(*done);
}

}  // namespace sallyport::proxy
