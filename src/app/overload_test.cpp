#include "app/overload.h"

#include "async/loop_fixture.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::app {
namespace {

using proxy::Load;

constexpr OverloadSettings kUsual{};

TEST(Overload, EachLoadBeginsAtItsShare) {
  EXPECT_EQ(next_load(Load::kNormal, 0.899, kUsual), Load::kNormal);
  EXPECT_EQ(next_load(Load::kNormal, 0.90, kUsual), Load::kCloseIdle);
  EXPECT_EQ(next_load(Load::kNormal, 0.95, kUsual), Load::kShed);
  EXPECT_EQ(next_load(Load::kCloseIdle, 0.97, kUsual), Load::kShed);
  EXPECT_EQ(next_load(Load::kNormal, 1.2, kUsual), Load::kStopAccepting);
}

TEST(Overload, EachEndsWhenEnoughHasComeFree) {
  EXPECT_EQ(next_load(Load::kStopAccepting, 0.94, kUsual), Load::kStopAccepting);
  EXPECT_EQ(next_load(Load::kStopAccepting, 0.92, kUsual), Load::kShed);
  EXPECT_EQ(next_load(Load::kShed, 0.89, kUsual), Load::kCloseIdle);
  EXPECT_EQ(next_load(Load::kCloseIdle, 0.86, kUsual), Load::kCloseIdle);
  EXPECT_EQ(next_load(Load::kCloseIdle, 0.84, kUsual), Load::kNormal);
  EXPECT_EQ(next_load(Load::kStopAccepting, 0.1, kUsual), Load::kNormal);
}

TEST(Overload, WhatIsScarcestDecides) {
  EXPECT_EQ(scarcest({.memory = {5, 10}, .descriptors = {9, 10}, .busy = {0, 0}}).what, "descriptors");
  EXPECT_EQ(scarcest({.memory = {5, 10}, .descriptors = {1, 10}, .busy = {3, 4}}).what, "busy connections");
  EXPECT_EQ(scarcest({.memory = {5, 10}, .descriptors = {1, 10}, .busy = {3, 0}}).what, "memory");
  EXPECT_EQ(scarcest({}).share, 0) << "without a limit there is enough";
}

TEST(Overload, ReadsWhatThisProcessUses) {
  const Usages usages = read_usages({.memory_limit = 1'000'000'000'000}, 7);
  EXPECT_GT(usages.memory.used, 1'000'000u);
  EXPECT_EQ(usages.memory.most, 1'000'000'000'000u);
  EXPECT_GE(usages.descriptors.used, 3u);
  EXPECT_EQ(usages.busy.used, 7u);
}

TEST(Overload, WorkersAreToldOfEachChangeOnce) {
  async::Loop loop;
  std::uint64_t busy = 10;
  std::vector<Load> told;
  OverloadSettings settings;
  settings.max_busy_connections = 10;
  settings.interval = Milliseconds(10);
  Overload overload(loop.reactor, settings, [&] { return busy; }, [&](Load load) { told.push_back(load); });
  auto work = [](async::Loop& its_loop, std::uint64_t& now_busy, std::vector<Load>& seen) -> async::Task<void> {
    co_await its_loop.until([&seen] { return seen.size() == 1; });
    now_busy = 0;
    co_await its_loop.until([&seen] { return seen.size() == 2; });
  };
  loop.run(work(loop, busy, told));
  EXPECT_EQ(told, (std::vector{Load::kStopAccepting, Load::kNormal}));
}

}  // namespace
}  // namespace sallyport::app
