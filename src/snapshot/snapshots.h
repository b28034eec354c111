#pragma once
// The Snapshot in force on every worker. The control thread publishes; each worker pins without atomics; a Snapshot is
// freed on the control thread, and with it everything that only it held.

#include "async/reactor.h"
#include "async/task.h"
#include "snapshot/snapshot.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::snapshot {

using async::Task;

class Snapshots final {
  struct Held;  // one Snapshot on one worker

 public:
  // `workers` and `control` outlive the Snapshots. Called before the workers run: they serve from `first` at once.
  Snapshots(async::Reactor& control, std::vector<async::Reactor*> workers, SnapshotPtr first);
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;
  ~Snapshots();  // after the workers' loops have ended

  // Control thread: makes every worker serve new exchanges from `next`; ends when the last worker does that has not
  // left. May be called again before it has ended; the order is kept. Dropping the Task does not take the Snapshot
  // back.
  Task<void> publish(SnapshotPtr next);
  // The thread of worker `worker`, after its loop has ended: no publication waits for it any more, now or later.
  void leave(std::size_t worker);
  // Control thread: the one published last.
  const SnapshotPtr& latest() const noexcept { return latest_; }

  // Keeps the Snapshot of an exchange; belongs to the worker that pinned it.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(held_, other.held_);
      return *this;
    }
    ~Pin() {
      if (held_) release();
    }
    const Snapshot& operator*() const noexcept;
    const Snapshot* operator->() const noexcept { return &**this; }
    explicit operator bool() const noexcept { return held_ != nullptr; }

   private:
    friend class Snapshots;
    explicit Pin(Held* held) noexcept : held_(held) {}
    void release() noexcept;
    Held* held_ = nullptr;
  };

  // Worker thread `worker`, from 0: the Snapshot that this worker serves from now.
  Pin pin(std::size_t worker) noexcept;
  // Worker thread `worker`: ends when it begins to serve from another Snapshot.
  Task<void> next(std::size_t worker);

 private:
  struct Worker;
  struct Publication;
  struct Progress;
  void adopt(Worker& worker, SnapshotPtr next);

  async::Reactor& control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  SnapshotPtr latest_;
  std::shared_ptr<Progress> progress_;  // of publications; the control thread's
};

}  // namespace sallyport::snapshot
