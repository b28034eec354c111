#include "snapshot/snapshots.h"

#include "async/event.h"

#include <iterator>
#include <list>
#include <set>

namespace sallyport::snapshot {

struct Snapshots::Worker {
  async::Reactor& reactor;
  std::list<Held> held;                                // the present one is the last; others are pinned
  std::vector<std::shared_ptr<async::Event>> waiting;  // for the next one
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

// One Snapshot on its way to the workers.
struct Snapshots::Publication {
  SnapshotPtr snapshot;           // until all have it: who left may keep a message for ever
  std::set<std::size_t> missing;  // workers
  async::Event complete;
};

struct Snapshots::Progress {
  std::set<std::size_t> serving;  // workers that have not left
  std::vector<std::shared_ptr<Publication>> under_way;

  void end_waiting(std::size_t worker, std::shared_ptr<Publication> publication) {
    if (publication->missing.erase(worker) == 0 || !publication->missing.empty()) return;
    publication->snapshot.reset();
    std::erase(under_way, publication);
    publication->complete.set();
  }
};

Snapshots::Snapshots(async::Reactor& control, std::vector<async::Reactor*> workers, SnapshotPtr first)
    : control_(control), latest_(std::move(first)), progress_(std::make_shared<Progress>()) {
  for (async::Reactor* worker : workers) {
    progress_->serving.insert(workers_.size());
    workers_.push_back(std::make_unique<Worker>(Worker{*worker, {}, {}}));
    adopt(*workers_.back(), latest_);
  }
}

Snapshots::~Snapshots() = default;

Task<void> Snapshots::publish(SnapshotPtr next) {
  latest_ = next;
  auto publication = std::make_shared<Publication>();
  publication->snapshot = std::move(next);
  publication->missing = progress_->serving;
  if (publication->missing.empty()) co_return;
  progress_->under_way.push_back(publication);
  for (std::size_t number : publication->missing) {
    Worker& worker = *workers_[number];
    worker.reactor.post([this, &worker, number, publication]() mutable {
      adopt(worker, publication->snapshot);
      // It comes back, so that it is not freed on the worker.
      control_.post([progress = progress_, number, publication = std::move(publication)] {
        progress->end_waiting(number, publication);
      });
    });
  }
  co_await publication->complete;
}

void Snapshots::leave(std::size_t worker) {
  control_.post([progress = progress_, worker] {
    progress->serving.erase(worker);
    // Behind the acknowledgements of what it adopted: what still waits for it will not be read by it.
    for (const auto& publication : std::vector(progress->under_way)) progress->end_waiting(worker, publication);
  });
}

void Snapshots::adopt(Worker& worker, SnapshotPtr next) {
  Held* before = worker.held.empty() ? nullptr : &worker.held.back();
  worker.held.push_back(Held{*this, worker, std::move(next)});
  worker.held.back().self = std::prev(worker.held.end());
  if (before) before->retire_if_unused();
  for (const auto& event : std::exchange(worker.waiting, {})) event->set();
}

Task<void> Snapshots::next(std::size_t worker) {
  auto adopted = std::make_shared<async::Event>();
  workers_[worker]->waiting.push_back(adopted);
  co_await *adopted;
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
