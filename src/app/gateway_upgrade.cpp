// USR2: another gateway starts from the same path, with the sockets of this one, and serves in its place once it can.
// docs/upgrade.md has the order of things.

#include "app/gateway.h"
#include "base/log.h"

#include <utility>

namespace sallyport::app {
namespace {

constexpr Milliseconds kLeast{1'000};  // in which connections that were accepted last may ask for something

}  // namespace

Task<void> Gateway::upgrade() {
  if (!ready_ || draining_ || successor_) {
    log::warn("no upgrade begins: {}", draining_    ? "this gateway is draining"
                                       : successor_ ? "one is under way"
                                                    : "this gateway has not begun to serve");
    co_return;
  }
  Status followed = co_await let_follow();
  if (followed) co_return;
  if (successor_) co_await successor_->end(control_);
  successor_.reset();
  if (!draining_) log::error("the upgrade has failed, and this gateway serves on: {}", followed.error().what);
}

// While the other one has the store, and reads it, whoever wants to change something waits: for its end, or to be told
// that the store is in the hands of the other one.
Task<Status> Gateway::let_follow() {
  CO_TRY(successor_, Successor::start(program_, sockets_.taken()));
  log::warn("upgrade: {} was started as process {}", program_.path, successor_->process());
  const SteadyTime begun = control_.now();
  CO_TRY_STATUS(co_await successor_->wait_for(control_, kReadStore, begun + settings_.upgrade_timeout));
  auto lock = co_await changes_.lock();
  store_->hand_over();
  successor_->say(kReadStore);
  Status serves = co_await successor_->wait_for(control_, kServe, begun + settings_.upgrade_timeout);
  if (serves) {
    successor_->say(kServe);
    serves = co_await successor_->wait_for(control_, kServing, control_.now() + settings_.upgrade_timeout);
  }
  if (serves) {
    leave();
    co_return serves;
  }
  co_await successor_->end(control_);
  if (Status back = store_->take_back(); !back) {
    log::error("resources cannot be changed until the next start: {}", back.error().what);
  }
  co_return serves;
}

// It accepts what is queued in the last moment, too, and so lives for a while at least.
void Gateway::leave() {
  log::warn("upgrade: process {} serves; {} ms for what is under way here, TERM ends it at once", successor_->process(),
            settings_.drain_timeout.count());
  successor_->let_go();
  status_.leave();
  endpoints_->leave();
  close_connections();
  successor_->say(kServing);
  drain_poll_ = control_.start_timer(kLeast, async::Reactor::Repeat::kOnce, [this] { wait_for_connections(); });
}

}  // namespace sallyport::app
