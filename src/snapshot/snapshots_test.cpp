#include "snapshot/snapshots.h"

#include "async/epoll_reactor.h"
#include "async/manual_reactor_fixture.h"
#include "async/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace sallyport::snapshot {
namespace {

// Tells the thread on which the last of its snapshots was freed.
struct Freed final : chain::Plugin {
  explicit Freed(std::thread::id freed_on, std::atomic<int>& freed_count, std::atomic<int>& freed_elsewhere)
      : right(freed_on), count(freed_count), elsewhere(freed_elsewhere) {}
  ~Freed() override {
    ++count;
    if (std::this_thread::get_id() != right) ++elsewhere;
  }
  chain::PhaseSet phases() const override { return {}; }
  chain::Filter* make_filter(exchange::Exchange&) const override { return nullptr; }
  std::thread::id right;
  std::atomic<int>& count;
  std::atomic<int>& elsewhere;
};

struct SnapshotsTest : testing::Test {
  std::atomic<int> freed = 0;
  std::atomic<int> freed_elsewhere = 0;

  SnapshotPtr snapshot(std::uint64_t revision) {
    chain::Link link;
    link.plugin = std::make_shared<const Freed>(std::this_thread::get_id(), freed, freed_elsewhere);
    auto plan = std::make_shared<Plan>();
    auto plugins = std::make_shared<const CompiledPlugins>();
    plan->plugins = std::make_shared<const PluginChains>(std::move(plugins));
    auto globals = std::make_shared<const Globals>(1, std::vector<chain::Link>{link});
    return std::make_shared<const Snapshot>(revision, route::RouteTable(route::RouterKind::kHostUri), std::move(plan),
                                            std::move(globals));
  }
};

TEST_F(SnapshotsTest, AWorkerServesFromWhatWasPublishedOnceItHasHeardOfIt) {
  async::ManualReactor control, worker;
  Snapshots snapshots(control, {&worker}, snapshot(0));
  async::TaskGroup tasks;
  tasks.spawn(snapshots.publish(snapshot(1)));
  EXPECT_EQ(snapshots.pin(0)->revision(), 0u);
  worker.deliver();
  EXPECT_EQ(snapshots.pin(0)->revision(), 1u);
  EXPECT_FALSE(tasks.empty());
  control.deliver();
  EXPECT_TRUE(tasks.empty());
  EXPECT_EQ(snapshots.latest()->revision(), 1u);
}

TEST_F(SnapshotsTest, WhoWaitsForTheNextSnapshotIsWokenOnItsWorker) {
  async::ManualReactor control, worker;
  Snapshots snapshots(control, {&worker}, snapshot(0));
  async::TaskGroup tasks, waiting, dropped;
  waiting.spawn(snapshots.next(0));
  dropped.spawn(snapshots.next(0));
  dropped.cancel_all();
  tasks.spawn(snapshots.publish(snapshot(1)));
  EXPECT_FALSE(waiting.empty());
  worker.deliver();
  EXPECT_TRUE(waiting.empty());
  control.deliver();
}

TEST_F(SnapshotsTest, AnExchangeKeepsTheSnapshotItBeganWith) {
  async::ManualReactor control, worker;
  Snapshots snapshots(control, {&worker}, snapshot(0));
  async::TaskGroup tasks;
  auto old = snapshots.pin(0);
  tasks.spawn(snapshots.publish(snapshot(1)));
  worker.deliver();
  control.deliver();
  auto fresh = snapshots.pin(0);
  EXPECT_EQ(old->revision(), 0u);
  EXPECT_EQ(fresh->revision(), 1u);
  EXPECT_EQ(freed, 0);
  old = {};
  EXPECT_EQ(freed, 0);
  control.deliver();
  EXPECT_EQ(freed, 1);
}

TEST_F(SnapshotsTest, ASnapshotIsFreedOnlyAfterTheLastWorkerGaveItBack) {
  async::ManualReactor control, one, two;
  Snapshots snapshots(control, {&one, &two}, snapshot(0));
  async::TaskGroup tasks;
  tasks.spawn(snapshots.publish(snapshot(1)));
  one.deliver();
  control.deliver();
  EXPECT_EQ(freed, 0);
  EXPECT_FALSE(tasks.empty());
  two.deliver();
  control.deliver();
  EXPECT_EQ(freed, 1);
  EXPECT_TRUE(tasks.empty());
}

TEST_F(SnapshotsTest, APublicationThatNobodyAwaitsTakesPlaceAllTheSame) {
  async::ManualReactor control, worker;
  Snapshots snapshots(control, {&worker}, snapshot(0));
  {
    async::TaskGroup tasks;
    tasks.spawn(snapshots.publish(snapshot(1)));
    tasks.spawn(snapshots.publish(snapshot(2)));
  }
  worker.deliver();
  control.deliver();
  EXPECT_EQ(snapshots.pin(0)->revision(), 2u);
  EXPECT_EQ(freed, 2);
}

TEST_F(SnapshotsTest, WithoutWorkersPublishingEndsAtOnce) {
  async::ManualReactor control;
  Snapshots snapshots(control, {}, snapshot(0));
  async::TaskGroup tasks;
  tasks.spawn(snapshots.publish(snapshot(1)));
  EXPECT_TRUE(tasks.empty());
}

TEST_F(SnapshotsTest, AWorkerThatHasLeftIsNotWaitedFor) {
  async::ManualReactor control, one, two;
  Snapshots snapshots(control, {&one, &two}, snapshot(0));
  async::TaskGroup tasks;
  tasks.spawn(snapshots.publish(snapshot(1)));
  tasks.spawn(snapshots.publish(snapshot(2)));
  one.deliver();
  control.deliver();
  EXPECT_FALSE(tasks.empty());
  snapshots.leave(1);
  control.deliver();
  EXPECT_TRUE(tasks.empty());
  EXPECT_EQ(freed, 1);  // `two` keeps the first and not the second, whose message it will never read

  tasks.spawn(snapshots.publish(snapshot(3)));
  EXPECT_FALSE(tasks.empty());
  one.deliver();
  control.deliver();
  EXPECT_TRUE(tasks.empty());
  snapshots.leave(0);
  control.deliver();
  tasks.spawn(snapshots.publish(snapshot(4)));
  EXPECT_TRUE(tasks.empty());
  EXPECT_EQ(snapshots.latest()->revision(), 4u);
}

TEST_F(SnapshotsTest, WhatAWorkerTookBeforeItLeftIsWaitedForOnce) {
  async::ManualReactor control, worker;
  Snapshots snapshots(control, {&worker}, snapshot(0));
  async::TaskGroup tasks;
  tasks.spawn(snapshots.publish(snapshot(1)));
  worker.deliver();
  snapshots.leave(0);
  control.deliver();
  EXPECT_TRUE(tasks.empty());
  EXPECT_EQ(snapshots.pin(0)->revision(), 1u);
}

using SnapshotsConcurrency = SnapshotsTest;

// A worker that pins and unpins in every turn of its loop, holding some pins for a while.
struct BusyWorker {
  async::EpollReactor reactor;
  std::vector<Snapshots::Pin> held;
  std::uint64_t newest = 0;
  std::uint64_t pins = 0;
  bool went_back = false;
  bool stopping = false;
  std::thread thread;

  void turn(Snapshots& snapshots, std::size_t number) {
    auto pin = snapshots.pin(number);
    went_back |= pin->revision() < newest;
    newest = pin->revision();
    if (++pins % 3 == 0) held.push_back(std::move(pin));
    if (held.size() > 7) held.erase(held.begin());
    if (stopping) {
      held.clear();
      reactor.stop();
    } else {
      reactor.post([this, &snapshots, number] { turn(snapshots, number); });
    }
  }
};

TEST_F(SnapshotsConcurrency, ThreadsPinWhileAnotherPublishesAndEverySnapshotIsFreedOnTheControlThread) {
  constexpr int kPublications = 50;
  async::EpollReactor control;
  std::vector<std::unique_ptr<BusyWorker>> workers;
  std::vector<async::Reactor*> reactors;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<BusyWorker>());
    reactors.push_back(&workers.back()->reactor);
  }
  {
    Snapshots snapshots(control, reactors, snapshot(0));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      BusyWorker* worker = workers[i].get();
      worker->reactor.post([worker, &snapshots, i] { worker->turn(snapshots, i); });
      worker->thread = std::thread([worker, &snapshots, i] {
        worker->reactor.run();
        snapshots.leave(i);
      });
    }
    auto publish_all = [](SnapshotsTest& test, Snapshots& to, async::EpollReactor& loop) -> async::Task<void> {
      for (std::uint64_t revision = 1; revision <= kPublications; ++revision) {
        co_await to.publish(test.snapshot(revision));
      }
      loop.post([&loop] { loop.stop(); });
    };
    auto publish_last = [](SnapshotsTest& test, Snapshots& to, async::EpollReactor& loop) -> async::Task<void> {
      co_await to.publish(test.snapshot(kPublications + 1));
      loop.post([&loop] { loop.stop(); });
    };
    async::TaskGroup tasks;
    tasks.spawn(publish_all(*this, snapshots, control));
    control.run();

    for (auto& worker : workers) worker->reactor.post([worker = worker.get()] { worker->stopping = true; });
    for (auto& worker : workers) worker->thread.join();
    tasks.spawn(publish_last(*this, snapshots, control));
    control.run();
    control.post([&control] { control.stop(); });
    control.run();
  }
  for (auto& worker : workers) {
    EXPECT_FALSE(worker->went_back);
    EXPECT_EQ(worker->newest, static_cast<std::uint64_t>(kPublications));
  }
  EXPECT_EQ(freed, kPublications + 2);
  EXPECT_EQ(freed_elsewhere, 0);
}

}  // namespace
}  // namespace sallyport::snapshot
