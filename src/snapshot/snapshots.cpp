#include "snapshot/snapshots.h"

#include "async/event.h"

#include <iterator>
#include <list>

namespace sallyport::snapshot {

struct Snapshots::Worker {
  async::Reactor& reactor;
  std::list<Held> held;  // the present one is the last; others are pinned
};

struct Snapshots::Held {
  Snapshots& snapshots;
  Worker& worker;
  SnapshotPtr snapshot;
  std::size_t pins = 0;
  std::list<Held>::iterator self{};

  // Gives the Snapshot back once nobody on this worker needs it: its last reference may be this one, and it is to be
  // freed on the control thread.
  void retire_if_unused() {
    if (pins > 0 || this == &worker.held.back()) return;
    snapshots.control_.post([retired = std::move(snapshot)]() mutable { retired.reset(); });
    worker.held.erase(self);
  }
};

Snapshots::Snapshots(async::Reactor& control, std::vector<async::Reactor*> workers, SnapshotPtr first)
    : control_(control), latest_(std::move(first)) {
  for (async::Reactor* worker : workers) {
    workers_.push_back(std::make_unique<Worker>(Worker{*worker, {}}));
    adopt(*workers_.back(), latest_);
  }
}

Snapshots::~Snapshots() = default;

Task<void> Snapshots::publish(SnapshotPtr next) {
  struct Acknowledgements {
    std::size_t missing;
    async::Event complete;
  };
  latest_ = next;
  if (workers_.empty()) co_return;
  auto acknowledged = std::make_shared<Acknowledgements>(workers_.size());
  for (auto& worker : workers_) {
    worker->reactor.post([this, &worker = *worker, next, acknowledged]() mutable {
      adopt(worker, std::move(next));
      // Both come back with it, so that neither is freed on the worker.
      control_.post([acknowledged = std::move(acknowledged)] {
        if (--acknowledged->missing == 0) acknowledged->complete.set();
      });
    });
  }
  next.reset();
  co_await acknowledged->complete;
}

void Snapshots::adopt(Worker& worker, SnapshotPtr next) {
  Held* before = worker.held.empty() ? nullptr : &worker.held.back();
  worker.held.push_back(Held{*this, worker, std::move(next)});
  worker.held.back().self = std::prev(worker.held.end());
  if (before) before->retire_if_unused();
}

Snapshots::Pin Snapshots::pin(std::size_t worker) noexcept {
  Held& held = workers_[worker]->held.back();
  ++held.pins;
  return Pin(&held);
}

const Snapshot& Snapshots::Pin::operator*() const noexcept { return *held_->snapshot; }

void Snapshots::Pin::release() noexcept {
  --held_->pins;
  held_->retire_if_unused();
}

}  // namespace sallyport::snapshot
