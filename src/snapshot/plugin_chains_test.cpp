#include "snapshot/plugin_chains.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::snapshot {
namespace {

// Counts how many live.
struct Counted final : chain::Plugin {
  explicit Counted(std::atomic<int>& count) : alive(count) { ++alive; }
  ~Counted() override { --alive; }
  chain::PhaseSet phases() const override { return {chain::Phase::kRewrite}; }
  chain::Filter* make_filter(exchange::Exchange&) const override { return nullptr; }
  std::atomic<int>& alive;
};

struct PluginChainsTest : testing::Test {
  std::atomic<int> alive = 0;

  chain::Link link(std::string name) {
    chain::Link made;
    made.name = std::move(name);
    made.plugin = std::make_shared<const Counted>(alive);
    return made;
  }
  std::shared_ptr<const Globals> globals(std::uint32_t number) {
    return std::make_shared<const Globals>(number, std::vector{link("global " + std::to_string(number))});
  }
  std::shared_ptr<const PluginChains> chains() {
    CompiledPlugins plugins{std::make_shared<const CompiledPlugin>(CompiledPlugin{"own", {}, {}, {link("own")}})};
    return std::make_shared<const PluginChains>(std::make_shared<const CompiledPlugins>(std::move(plugins)));
  }
  static std::string first(const chain::Chain& chain) { return chain.links().front().name; }
};

TEST_F(PluginChainsTest, EachGlobalRulesHaveAChainOfTheirOwnThatIsMadeOnce) {
  auto own = chains();
  auto one = globals(1), two = globals(2);
  const chain::Chain* of_one = &own->behind(one);
  EXPECT_EQ(first(*of_one), "global 1");
  EXPECT_EQ(of_one->links().size(), 2u);
  EXPECT_EQ(first(own->behind(two)), "global 2");
  EXPECT_EQ(&own->behind(one), of_one);
  EXPECT_EQ(&own->behind(one), of_one);
}

TEST_F(PluginChainsTest, PluginsDoNotOutliveWhatTheyBelongTo) {
  auto own = chains();
  auto one = globals(1), two = globals(2);
  own->behind(one);
  own->behind(two);
  EXPECT_EQ(alive, 3);
  two.reset();
  EXPECT_EQ(alive, 2) << "the global rules that are gone, though a chain began with them";
  EXPECT_EQ(first(own->behind(one)), "global 1");
  own.reset();
  EXPECT_EQ(alive, 1) << "the route that is gone, though the global rules had a chain with it";
  own = chains();
  EXPECT_EQ(first(own->behind(one)), "global 1");
}

using PluginChainsConcurrency = PluginChainsTest;

TEST_F(PluginChainsConcurrency, WorkersThatServeFromDifferentGlobalRulesGetTheirOwn) {
  constexpr int kRounds = 20'000;
  const auto own = chains();
  const std::vector all{globals(1), globals(2), globals(3)};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> workers;
  for (const auto& mine : all) {
    workers.emplace_back([&own, &wrong, mine] {
      const std::string expected = "global " + std::to_string(mine->number());
      for (int i = 0; i < kRounds; ++i) wrong += first(own->behind(mine)) != expected;
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sallyport::snapshot
