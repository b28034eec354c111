#include "upstream/race.h"

#include "async/event.h"
#include "async/set_within.h"
#include "async/task_group.h"

#include <memory>
#include <optional>
#include <utility>

namespace sallyport::upstream {
namespace {

using async::Task;

constexpr Milliseconds kHeadStart{250};  // RFC 8305 5

class Race final {
 public:
  Race(async::Reactor& reactor, std::vector<async::Address> addresses, Milliseconds timeout)
      : reactor_(reactor), addresses_(std::move(addresses)), deadline_(reactor.now() + timeout) {}

  Task<Result<RaceResult>> run() {
    std::size_t failures_seen = 0;
    for (;;) {
      if (begun_ < addresses_.size()) attempts_.spawn(attempt(begun_++));
      while (!result_ && failed_ <= failures_seen) {
        news_->reset();
        if (begun_ == addresses_.size()) {
          co_await *news_;
        } else if (!co_await async::set_within(reactor_, *news_, kHeadStart)) {
          break;
        }
      }
      failures_seen = failed_;
      if (result_) co_return std::move(*result_);
      if (failed_ == addresses_.size()) co_return fail(std::move(*error_));
    }
  }

 private:
  Task<void> attempt(std::size_t index) {
    auto stream = co_await reactor_.connect(addresses_[index], reactor_.until(deadline_));
    if (!stream) {
      ++failed_;
      error_ = std::move(stream).error();
    } else if (!result_) {
      result_ = RaceResult{std::move(*stream), index};
    }
    // Not from here: who waits ends the race, and this attempt with it.
    reactor_.post([news = news_] { news->set(); });
  }

  async::Reactor& reactor_;
  const std::vector<async::Address> addresses_;
  const SteadyTime deadline_;
  std::size_t begun_ = 0, failed_ = 0;
  std::optional<RaceResult> result_;
  std::optional<Error> error_;
  std::shared_ptr<async::Event> news_ = std::make_shared<async::Event>();
  async::TaskGroup attempts_;  // last: its tasks use everything above
};

}  // namespace

Task<Result<RaceResult>> race(async::Reactor& reactor, std::vector<async::Address> addresses, Milliseconds timeout) {
  if (addresses.size() == 1) {
    auto stream = co_await reactor.connect(addresses.front(), timeout);
    if (!stream) co_return fail(std::move(stream).error());
    co_return RaceResult{std::move(*stream), 0};
  }
  Race contest(reactor, std::move(addresses), timeout);
  co_return co_await contest.run();
}

}  // namespace sallyport::upstream
