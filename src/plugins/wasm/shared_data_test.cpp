#include "plugins/wasm/shared_data.h"

#include "plugins/wasm/shared_state.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sallyport::wasm {
namespace {

using Written = SharedData::Written;
using namespace std::chrono_literals;

class SharedDataTest : public testing::Test {
 protected:
  std::string text(std::string_view key) {
    auto value = data_.get(key);
    return value ? *value->text : "(missing)";
  }
  std::uint32_t cas(std::string_view key) { return data_.get(key)->cas; }

  FakeClock clock_;
  SharedData data_{clock_, SharedDataLimits()};
};

TEST_F(SharedDataTest, AValueIsReadAsItWasWritten) {
  EXPECT_FALSE(data_.get("k"));
  EXPECT_EQ(data_.set("k", "one", 0), Written::kOk);
  EXPECT_EQ(text("k"), "one");
  EXPECT_EQ(data_.set("k", "", 0), Written::kOk);
  EXPECT_EQ(text("k"), "");
  EXPECT_EQ(data_.set("", "empty key", 0), Written::kOk);
  EXPECT_EQ(text(""), "empty key");
}

TEST_F(SharedDataTest, AWriteWithAnOldCasChangesNothing) {
  data_.set("k", "one", 0);
  auto first = cas("k");
  EXPECT_NE(first, 0u);
  EXPECT_EQ(data_.set("k", "two", first), Written::kOk);
  EXPECT_NE(cas("k"), first);
  EXPECT_EQ(data_.set("k", "three", first), Written::kCasMismatch);
  EXPECT_EQ(text("k"), "two");
  EXPECT_EQ(data_.set("k", "four", 0), Written::kOk);
}

TEST_F(SharedDataTest, AnyCasWritesAMissingKey) { EXPECT_EQ(data_.set("k", "one", 4711), Written::kOk); }

TEST_F(SharedDataTest, ADeletedKeyIsMissing) {
  data_.set("k", "one", 0);
  EXPECT_TRUE(data_.remove("k"));
  EXPECT_FALSE(data_.remove("k"));
  EXPECT_FALSE(data_.get("k"));
  EXPECT_EQ(data_.usage().bytes, 0u);
  EXPECT_EQ(data_.usage().keys, 0u);
}

TEST_F(SharedDataTest, AKeyEndsWithItsTimeToLive) {
  EXPECT_FALSE(data_.expire_after("k", 10ms));
  data_.set("k", "one", 0);
  EXPECT_TRUE(data_.expire_after("k", 10ms));
  clock_.advance(9ms);
  EXPECT_EQ(text("k"), "one");
  clock_.advance(1ms);
  EXPECT_FALSE(data_.get("k"));
  EXPECT_EQ(data_.usage().keys, 0u);
}

TEST_F(SharedDataTest, ATimeToLiveEndsByZeroAndByAWrite) {
  data_.set("a", "one", 0);
  data_.set("b", "one", 0);
  data_.expire_after("a", 10ms);
  data_.expire_after("b", 10ms);
  data_.expire_after("a", 0ms);
  data_.set("b", "two", 0);
  clock_.advance(1h);
  EXPECT_EQ(text("a"), "one");
  EXPECT_EQ(text("b"), "two");
}

TEST_F(SharedDataTest, TheKeyUsedLeastRecentlyMakesRoom) {
  data_.limit({.max_keys = 3});
  for (const char* key : {"a", "b", "c"}) data_.set(key, "x", 0);
  data_.set("a", "again", 0);
  EXPECT_EQ(data_.set("d", "x", 0), Written::kOk);
  EXPECT_FALSE(data_.get("b"));
  EXPECT_EQ(text("a"), "again");
  data_.set("e", "x", 0);
  EXPECT_FALSE(data_.get("c"));
  EXPECT_EQ(data_.usage().keys, 3u);
  EXPECT_EQ(data_.usage().evictions, 2u);
}

TEST_F(SharedDataTest, ReadingIsUse) {
  data_.limit({.max_keys = 3});
  for (const char* key : {"a", "b", "c"}) data_.set(key, "x", 0);
  data_.get("a");
  data_.set("d", "x", 0);
  EXPECT_TRUE(data_.get("a"));
  EXPECT_FALSE(data_.get("b"));
}

TEST_F(SharedDataTest, BytesAreKeysAndValues) {
  data_.limit({.max_bytes = 10});
  data_.set("a", "1234", 0);
  data_.set("b", "1234", 0);
  EXPECT_EQ(data_.usage().bytes, 10u);
  data_.set("a", "12", 0);
  EXPECT_EQ(data_.usage().bytes, 8u);
  data_.set("a", "123456", 0);
  EXPECT_FALSE(data_.get("b"));
  EXPECT_EQ(data_.usage().bytes, 7u);
}

TEST_F(SharedDataTest, WhatCannotFitEvictsNothing) {
  data_.limit({.max_bytes = 10});
  data_.set("a", "1", 0);
  EXPECT_EQ(data_.set("b", "1234567890", 0), Written::kFull);
  EXPECT_EQ(text("a"), "1");
  EXPECT_EQ(data_.usage().refusals, 1u);
}

TEST_F(SharedDataTest, WithoutEvictionAFullStoreRefuses) {
  data_.limit({.max_bytes = 10, .max_keys = 2, .eviction = Eviction::kNone});
  EXPECT_EQ(data_.set("a", "1", 0), Written::kOk);
  EXPECT_EQ(data_.set("b", "1", 0), Written::kOk);
  EXPECT_EQ(data_.set("c", "1", 0), Written::kFull);
  EXPECT_EQ(data_.set("a", "12345678", 0), Written::kFull);
  EXPECT_EQ(text("a"), "1");
  EXPECT_EQ(data_.set("a", "1234567", 0), Written::kOk);
  EXPECT_EQ(data_.usage().evictions, 0u);
}

TEST_F(SharedDataTest, WithoutEvictionWhatHasExpiredMakesRoom) {
  data_.limit({.max_keys = 2, .eviction = Eviction::kNone});
  data_.set("a", "1", 0);
  data_.set("b", "1", 0);
  data_.expire_after("a", 10ms);
  clock_.advance(10ms);
  EXPECT_EQ(data_.set("c", "1", 0), Written::kOk);
  EXPECT_EQ(text("b"), "1");
}

TEST_F(SharedDataTest, ALowerLimitHoldsFromTheNextWriteOn) {
  for (int i = 0; i < 100; ++i) data_.set(std::to_string(i), "x", 0);
  data_.limit({.max_keys = 10});
  EXPECT_EQ(data_.usage().keys, 100u);
  data_.set("new", "x", 0);
  EXPECT_EQ(data_.usage().keys, 10u);
  EXPECT_EQ(text("new"), "x");
}

TEST_F(SharedDataTest, PluginsHaveTheirOwn) {
  SharedState state(clock_, {}, 1);
  state.of("one").data.set("k", "v", 0);
  EXPECT_TRUE(state.of("one").data.get("k"));
  EXPECT_FALSE(state.of("two").data.get("k"));
}

TEST_F(SharedDataTest, ATrialReadsWhatIsThereAndWritesBesideIt) {
  auto state = std::make_shared<SharedState>(clock_, SharedStateLimits(), 1);
  SharedData& common = state->of("p").data;
  common.set("k", "old", 0);
  SharedState trial(state);
  SharedData& own = trial.of("p").data;
  EXPECT_EQ(*own.get("k")->text, "old");
  EXPECT_EQ(own.set("k", "new", own.get("k")->cas), Written::kOk);
  EXPECT_EQ(*own.get("k")->text, "new");
  EXPECT_TRUE(own.remove("k"));
  EXPECT_TRUE(own.expire_after("k", 1ms));
  EXPECT_EQ(*common.get("k")->text, "old");
}

class SharedDataConcurrency : public testing::Test {
 protected:
  static constexpr int kThreads = 4;
  template <class Work>
  void in_threads(Work work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
  SystemClock clock_;
};

TEST_F(SharedDataConcurrency, CountingByCasLosesNothing) {
  SharedData data(clock_, SharedDataLimits());
  data.set("n", "0", 0);
  in_threads([&](int) {
    for (int i = 0; i < 500; ++i) {
      for (;;) {
        auto value = data.get("n");
        if (data.set("n", std::to_string(std::stoi(*value->text) + 1), value->cas) == Written::kOk) break;
      }
    }
  });
  EXPECT_EQ(*data.get("n")->text, std::to_string(kThreads * 500));
}

TEST_F(SharedDataConcurrency, LimitsHoldWhateverHappensAtOnce) {
  for (Eviction eviction : {Eviction::kNone, Eviction::kLeastRecentlyUsed}) {
    SharedData data(clock_, {.max_bytes = 400, .max_keys = 20, .eviction = eviction});
    in_threads([&](int thread) {
      for (int i = 0; i < 2000; ++i) {
        std::string key = "k" + std::to_string((i * 7 + thread) % 50);
        data.set(key, std::string(static_cast<std::size_t>(i % 60), 'x'), 0);
        data.get(key);
        if (i % 5 == 0) data.expire_after(key, std::chrono::milliseconds(1));
        if (i % 11 == 0) data.remove(key);
        auto usage = data.usage();
        ASSERT_LE(usage.bytes, 400u);
        ASSERT_LE(usage.keys, 20u);
      }
    });
    for (int i = 0; i < 50; ++i) data.remove("k" + std::to_string(i));
    EXPECT_EQ(data.usage().bytes, 0u);
    EXPECT_EQ(data.usage().keys, 0u);
  }
}

}  // namespace
}  // namespace sallyport::wasm
