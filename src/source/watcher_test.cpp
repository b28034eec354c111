#include "source/watcher.h"

#include "async/manual_reactor_fixture.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::source {
namespace {

using namespace std::chrono_literals;

struct WatcherTest : testing::Test {
  WatcherTest() { watcher.start(); }
  static Spec spec(Pull pull, const std::string& name = "a") {
    Spec spec = *read_spec(json::Value("https://files.example/" + name));
    spec.pull = pull;
    spec.interval = 60s;
    return spec;
  }
  Watcher::Fetch fetch() {
    return [this](const Spec& wanted, std::string validator) {
      asked.push_back(wanted.url + " " + validator);
      return Task<Result<Fetched>>(answer);
    };
  }
  Watcher::Take take() {
    return [this](const std::string& name, const Spec&, const Fetched& fetched) {
      taken.push_back(name + ": " + fetched.bytes);
      return Task<Status>(taking);
    };
  }
  void watch(Spec spec, Watcher::Present present = {}) {
    watcher.watch("p", std::move(spec), std::move(present), take());
  }
  std::string state() {
    auto told = watcher.describe("p");
    return told ? (*told)["state"].string() : "none";
  }

  async::ManualReactor reactor;
  FakeClock clock;
  std::vector<std::string> asked, taken;
  Result<Fetched> answer = Fetched{false, "module", "hash", "v1"};
  Status taking;
  Watcher watcher{reactor, clock, fetch()};
};

TEST_F(WatcherTest, WhatIsNotThereIsFetchedAtOnceAndThenLeftAlone) {
  watch(spec(Pull::kIfNotPresent));
  EXPECT_EQ(taken, std::vector<std::string>{"p: module"});
  EXPECT_EQ(state(), "serving");
  reactor.advance(1h);
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(WatcherTest, WhatIsThereIsNotFetchedUnlessItIsToBeLookedAtAgain) {
  watch(spec(Pull::kIfNotPresent), {true, false, ""});
  reactor.advance(1h);
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(state(), "serving");
  watch(spec(Pull::kAlways), {true, true, "v0"});
  EXPECT_TRUE(asked.empty());
  reactor.advance(60s);
  EXPECT_EQ(asked, std::vector<std::string>{"https://files.example/a v0"});
  reactor.advance(60s);
  EXPECT_EQ(asked.back(), "https://files.example/a v1");
}

TEST_F(WatcherTest, WhatHasNotChangedIsNotTaken) {
  answer->is_unchanged = true;
  watch(spec(Pull::kAlways), {true, true, "v0"});
  reactor.advance(60s);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(state(), "serving");
}

TEST_F(WatcherTest, AFetchThatFailsIsRepeatedLaterEachTime) {
  answer = fail(ErrorCode::kUnavailable, "nobody there");
  watch(spec(Pull::kIfNotPresent));
  EXPECT_EQ(state(), "failed");
  EXPECT_EQ(watcher.describe("p")->find("error")->string(), "nobody there");
  EXPECT_NE(watcher.describe("p")->find("next_try"), nullptr);
  reactor.advance(1s);
  EXPECT_EQ(asked.size(), 2u) << "the second wait is no shorter than the longest first one";
  answer = Fetched{false, "module", "hash", "v1"};
  reactor.advance(5min);
  EXPECT_EQ(state(), "serving");
  EXPECT_EQ(watcher.describe("p")->find("error"), nullptr);
}

TEST_F(WatcherTest, WhatIsRefusedWhenItIsTakenCountsAsAFailure) {
  taking = fail(ErrorCode::kInvalid, "it does not compile");
  watch(spec(Pull::kAlways), {true, true, "v0"});
  reactor.advance(60s);
  EXPECT_EQ(state(), "failed");
  EXPECT_EQ(watcher.describe("p")->find("error")->string(), "it does not compile");
  taking = {};
  reactor.advance(5min);
  EXPECT_EQ(asked[1], "https://files.example/a v0") << "so that it comes again";
  EXPECT_EQ(state(), "serving");
}

TEST_F(WatcherTest, WhatIsForgottenOrReplacedIsNotFetchedAnyMore) {
  answer = fail(ErrorCode::kUnavailable, "nobody there");
  watch(spec(Pull::kIfNotPresent));
  watcher.forget("p");
  EXPECT_EQ(state(), "none");
  reactor.advance(1h);
  EXPECT_EQ(asked.size(), 1u);
  watch(spec(Pull::kIfNotPresent, "b"));
  watch(spec(Pull::kIfNotPresent, "c"));
  answer = Fetched{false, "module", "hash", "v1"};
  asked.clear();
  reactor.advance(1h);
  EXPECT_EQ(asked, std::vector<std::string>{"https://files.example/c "});
}

TEST_F(WatcherTest, TheSameAgainChangesNothing) {
  answer = fail(ErrorCode::kUnavailable, "nobody there");
  watch(spec(Pull::kIfNotPresent));
  watch(spec(Pull::kIfNotPresent));
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(WatcherTest, NothingIsFetchedBeforeTheStart) {
  Watcher second(reactor, clock, fetch());
  second.watch("q", spec(Pull::kIfNotPresent), {}, take());
  reactor.advance(1h);
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ((*second.describe("q"))["state"].string(), "pending");
  second.start();
  EXPECT_EQ(taken, std::vector<std::string>{"q: module"});
}

TEST(Backoff, GrowsToFiveMinutesAndIsNeverLessThanHalf) {
  for (unsigned failures = 1; failures < 100; ++failures) {
    EXPECT_LE(backoff(failures), 300s);
    EXPECT_GE(backoff(failures), 500ms);
  }
  EXPECT_LE(backoff(1), 1s);
  EXPECT_GE(backoff(50), 150s);
}

}  // namespace
}  // namespace sallyport::source
