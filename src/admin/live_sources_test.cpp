#include "admin/live_fixture.h"
#include "async/manual_reactor_fixture.h"
#include "source/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sallyport::admin {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPutOnce = R"({"source": {"url": "https://files.example/p", "token": "hidden"}})";
constexpr const char* kPutAlways =
    R"({"source": {"url": "https://files.example/p", "pull": "always", "interval": 60, "token": "hidden"}})";

// A gateway whose sources give what `code` says.
struct LiveSourcesTest : testing::Test, LiveFixture {
  LiveSourcesTest() {
    services.fetch = [this](const source::Spec&, std::size_t) { return fetch(); };
    services.watcher = &watcher;
    watcher.start();
  }
  Task<Result<source::Fetched>> fetch() {
    ++fetches;
    if (code.empty()) return Result<source::Fetched>(fail(ErrorCode::kUnavailable, "nobody there"));
    return Result<source::Fetched>(source::Fetched{false, code, sha256_hex(code), ""});
  }

  std::string code = "code:a";
  int fetches = 0;
  async::ManualReactor reactor;
  source::Watcher watcher{reactor, clock, [this](const source::Spec&, const std::string&) { return fetch(); }};
};

TEST_F(LiveSourcesTest, CodeIsFetchedAndServes) {
  EXPECT_THAT(ask("PUT", "/probes/p", kPutOnce), StartsWith("201 "));
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_EQ(value_of("p").find("source")->string_or("url", ""), "https://files.example/p");
  EXPECT_THAT(ask("GET", "/probes/p/source"), HasSubstr(R"("state":"serving")"));
}

TEST_F(LiveSourcesTest, SecretsAreInNoAnswer) {
  EXPECT_THAT(ask("PUT", "/probes/p", kPutOnce), Not(HasSubstr("hidden")));
  for (const char* target :
       {"/probes", "/probes/p", "/probes/p/source", "/probes/p/versions", "/probes/p/versions/1"}) {
    EXPECT_THAT(ask("GET", target), Not(HasSubstr("hidden"))) << target;
  }
}

TEST_F(LiveSourcesTest, WhatIsThereIsNotFetchedAgainUnlessItAlwaysIs) {
  ask("PUT", "/probes/p", kPutOnce);
  ask("PUT", "/probes/p", kPutOnce);
  EXPECT_EQ(fetches, 1);
  ask("PUT", "/probes/p", kPutAlways);
  ask("PUT", "/probes/p", kPutAlways);
  EXPECT_EQ(fetches, 3);
}

TEST_F(LiveSourcesTest, AFetchThatFailsChangesNothing) {
  code.clear();
  EXPECT_THAT(ask("PUT", "/probes/p", kPutOnce), AllOf(StartsWith("503 "), HasSubstr("nobody there")));
  EXPECT_EQ(ask("GET", "/probes/p"), R"(404 {"message":"Key not found"})");
}

TEST_F(LiveSourcesTest, WhatIsNewAtTheSourceIsANewVersion) {
  ask("PUT", "/probes/p", kPutAlways);
  code = "code:b";
  reactor.advance(std::chrono::seconds(60));
  EXPECT_EQ(serving("p"), "code:b");
  EXPECT_EQ(value_of("p").integer_or("version", 0), 2);
  ask("PUT", "/probes/p/versions/1");
  reactor.advance(std::chrono::hours(1));
  EXPECT_EQ(serving("p"), "code:a");
}

TEST_F(LiveSourcesTest, WhatIsDeletedOrPutItselfIsNotFetchedAnyMore) {
  ask("PUT", "/probes/p", kPutAlways);
  ask("PUT", "/probes/p", "code:mine");
  ask("PUT", "/probes/q", kPutAlways);
  ask("DELETE", "/probes/q");
  fetches = 0;
  reactor.advance(std::chrono::hours(1));
  EXPECT_EQ(fetches, 0);
  EXPECT_EQ(serving("p"), "code:mine");
}

TEST_F(LiveSourcesTest, CodeThatIsRefusedLeavesWhatServes) {
  ask("PUT", "/probes/p", kPutAlways);
  code = "code:broken";
  reactor.advance(std::chrono::seconds(60));
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_THAT(ask("GET", "/probes/p/source"), AllOf(HasSubstr(R"("state":"failed")"), HasSubstr("does not compile")));
}

}  // namespace
}  // namespace sallyport::admin
