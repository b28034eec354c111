#pragma once
// A loop whose time, sockets and network exist in memory only: the third implementation of Reactor beside epoll and
// io_uring. All that chance decides (latency, sizes of pieces, the order within a turn) follows from one seed, so that
// a run can be had again. Streams, listeners and timers end before it. No part of the product.

#include "async/reactor.h"
#include "async/simulated_loop_fixture.h"
#include "async/simulated_stream_fixture.h"
#include "async/wheel_timer.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::async {

class SimulatedReactor final : public Reactor {
 public:
  enum class Fate : std::uint8_t { kAccepted, kRefused, kSilent };
  struct Route {
    Fate fate = Fate::kAccepted;
    Milliseconds takes{0};
    SimulatedManners manners;
  };

  explicit SimulatedReactor(std::uint64_t seed) : loop(seed) {}

  // What becomes of a connect; without it, all are accepted where somebody listens, and bytes come soon and together.
  std::function<Route(const Address&)> decide;
  // Told of every connection.
  std::function<void(const std::shared_ptr<SimulatedLink>&)> on_link;
  // When the time comes to this, `run` returns: something waits for what will not happen.
  SteadyTime ends = SteadyTime::max();
  bool is_overdue() const { return loop.now() >= ends; }

  void run() override {
    stopping_ = false;
    while (!stopping_ && !is_overdue()) turn();
  }
  void stop() override { stopping_ = true; }
  void post(std::move_only_function<void()> message) override { messages_.push_back(std::move(message)); }
  SteadyTime now() const override { return loop.now(); }

  Result<std::unique_ptr<Listener>> listen(const Address& address, SharePort, OnAccept on_accept) override {
    Address local = address;
    if (local.port() == 0) local.set_port(next_port_++);
    const std::string key = local.to_string();
    if (listeners_.contains(key)) return fail(ErrorCode::kUnavailable, "somebody listens on " + key + " already");
    return std::make_unique<Ear>(*this, local, std::move(on_accept));
  }

  Result<std::unique_ptr<Listener>> listen_on(int, OnArrival) override {
    return fail(ErrorCode::kUnavailable, "this loop has no sockets of the system");
  }
  Accepted adopt(Arrival) override { return {}; }

  Task<Result<StreamPtr>> connect(Address address, Milliseconds timeout) override {
    Route route;
    if (decide) route = decide(address);
    const std::string name = address.to_string();
    const bool is_late = route.fate == Fate::kSilent || route.takes >= timeout;
    Sleep wait = sleep(is_late ? timeout : route.takes + Milliseconds(1));
    co_await wait;
    auto listener = listeners_.find(name);
    if (is_late) co_return fail(Error{ErrorCode::kTimeout, "no answer from " + name, Side::kUpstream, Retry::kSafe});
    if (route.fate == Fate::kRefused || listener == listeners_.end()) {
      co_return fail(Error{ErrorCode::kRefused, name + " refuses", Side::kUpstream, Retry::kSafe});
    }
    auto link = std::make_shared<SimulatedLink>(loop, ++links_, route.manners);
    loop.note("connected", link->id);
    if (on_link) on_link(link);
    auto ends = link->ends();
    listener->second->queue(std::move(ends.second), Address(*Address::from_ip("10.9.0.1", next_port_++)));
    co_return std::move(ends.first);
  }

  std::unique_ptr<Timer> start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) override {
    return std::make_unique<Counted>(*this, delay, repeat, std::move(fire));
  }
  std::unique_ptr<Watch> watch(int, bool, bool, OnReady) override { return nullptr; }
  void at_turn_end(std::function<void()> action) override { turn_end_.push_back(std::move(action)); }

  void turn() {
    loop.jump(messages_.empty());
    loop.happen();
    for (auto& message : std::exchange(messages_, {})) message();
    for (auto& action : turn_end_) action();
  }

  SimulatedLoop loop;

 private:
  struct Counted final : Timer {
    Counted(SimulatedReactor& reactor, Milliseconds delay, Repeat repeat, std::function<void()> fire)
        : of(reactor), timer(reactor, reactor.loop.wheel, delay, repeat, std::move(fire)) {
      ++of.loop.timers;
    }
    ~Counted() override { --of.loop.timers; }
    SimulatedReactor& of;
    WheelTimer timer;
  };

  class Ear final : public Listener {
   public:
    Ear(SimulatedReactor& reactor, Address local, OnAccept on_accept)
        : reactor_(reactor), local_(local), on_accept_(std::move(on_accept)) {
      reactor_.listeners_.emplace(local_.to_string(), this);
    }
    ~Ear() override {
      reactor_.listeners_.erase(local_.to_string());
      accept_queued();
    }
    Address local_address() const override { return local_; }
    void set_accepting(bool accepting) override {
      accepting_ = accepting;
      if (accepting_) tell();
    }
    void queue(StreamPtr stream, Address peer) {
      queued_.push_back({std::move(stream), peer, local_});
      if (accepting_) tell();
    }

   private:
    void tell() {
      reactor_.loop.in(reactor_.loop.microseconds(0, 100), [alive = std::weak_ptr(alive_)] {
        if (auto ear = alive.lock(); ear && (*ear)->accepting_) (*ear)->accept_queued();
      });
    }
    void accept_queued() {
      for (Accepted& accepted : std::exchange(queued_, {})) on_accept_(std::move(accepted));
    }
    SimulatedReactor& reactor_;
    Address local_;
    OnAccept on_accept_;
    std::vector<Accepted> queued_;
    bool accepting_ = true;
    std::shared_ptr<Ear*> alive_ = std::make_shared<Ear*>(this);
  };

  bool stopping_ = false;
  std::uint64_t links_ = 0;
  std::uint16_t next_port_ = 20'000;
  std::map<std::string, Ear*> listeners_;
  std::vector<std::move_only_function<void()>> messages_;
  std::vector<std::function<void()>> turn_end_;
};

}  // namespace sallyport::async
