#include "source/secret_keeper.h"

#include "async/event.h"
#include "async/task_group.h"
#include "base/log_fixture.h"
#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::source {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct SecretKeeperTest : testing::Test {
  SecretKeeperTest() { keeper.use({{"vault/1", {"http://one", "kv", "t", ""}}}); }

  SecretKeeper::Ask ask() {
    return [this](resources::SecretManager manager, std::string path) { return answer(std::move(manager), path); };
  }
  Task<Result<json::Object>> answer(resources::SecretManager manager, std::string path) {
    asked.push_back(manager.uri + " " + path);
    if (held) co_await *held;
    auto found = secrets.find(path);
    if (found == secrets.end()) co_return fail(error, "not there");
    co_return json::parse(found->second)->object();
  }
  std::string find(std::string_view reference) const {
    auto value = keeper.find(reference);
    return value ? json::print(*value) : value.error().what;
  }
  bool refresh(std::vector<std::string> references) {
    bool changed = false;
    tasks.spawn(keep(keeper.refresh(std::move(references)), changed));
    return changed;
  }
  static Task<void> keep(Task<bool> task, bool& changed) { changed = co_await task; }
  void fetch(std::vector<std::string> references) { tasks.spawn(keeper.fetch(std::move(references))); }

  static constexpr const char* kReference = "$secret://vault/1/a/k";
  log::Capture log;
  FakeClock clock;
  std::map<std::string, std::string> secrets{{"a", R"({"k":"one","l":2})"}, {"b/c", R"({"k":"b"})"}};
  std::vector<std::string> asked;
  ErrorCode error = ErrorCode::kInvalid;
  std::unique_ptr<async::Event> held;
  SecretKeeper keeper{clock, ask()};
  async::TaskGroup tasks;
};

TEST_F(SecretKeeperTest, ASecretIsFetchedOnceForAllItsMembers) {
  EXPECT_EQ(find(kReference), "it has not been fetched yet");
  fetch({kReference, "$secret://vault/1/a/l", "$secret://vault/1/b/c/k"});
  EXPECT_EQ(find(kReference), "\"one\"");
  EXPECT_EQ(find("$secret://vault/1/a/l"), "2");
  EXPECT_EQ(find("$secret://vault/1/b/c/k"), "\"b\"");
  fetch({kReference});
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(SecretKeeperTest, WhatIsOldIsFetchedAgain) {
  fetch({kReference});
  EXPECT_EQ(keeper.wait(), Milliseconds(300s));
  clock.advance(299s);
  EXPECT_FALSE(refresh({kReference}));
  EXPECT_EQ(asked.size(), 1u);
  clock.advance(1s);
  EXPECT_FALSE(refresh({kReference}));
  EXPECT_EQ(asked.size(), 2u);
  secrets["a"] = R"({"k":"two"})";
  clock.advance(300s);
  EXPECT_TRUE(refresh({kReference}));
  EXPECT_EQ(find(kReference), "\"two\"");
}

TEST_F(SecretKeeperTest, TheLastValueStays) {
  fetch({kReference});
  secrets["a"] = R"({"other":1})";
  clock.advance(300s);
  EXPECT_FALSE(refresh({kReference}));
  EXPECT_TRUE(log.has("it is there no more; its last value stays"));
  secrets.clear();
  clock.advance(300s);
  EXPECT_FALSE(refresh({kReference}));
  EXPECT_EQ(find(kReference), "\"one\"");
  EXPECT_LE(keeper.wait(), Milliseconds(1s));
}

TEST_F(SecretKeeperTest, WhatIsWrongIsSaidOnce) {
  fetch({"$secret://vault/1/none/k", "$secret://vault/2/a/k", "$secret://aws/1/a/k", "$secret://vault/1/a/none"});
  EXPECT_TRUE(log.has("$secret://vault/1/none/k: not there; it stands as it is written"));
  EXPECT_TRUE(log.has("there is no secret manager vault/2; put secrets/vault/2"));
  EXPECT_TRUE(log.has("aws is no secret manager that is supported; vault is"));
  EXPECT_TRUE(log.has("a has no member \"none\""));
  const auto said = log.lines();
  refresh({"$secret://vault/1/none/k", "$secret://vault/2/a/k", "$secret://aws/1/a/k", "$secret://vault/1/a/none"});
  EXPECT_EQ(log.lines(), said);
  secrets["none"] = R"({"k":"here"})";
  EXPECT_TRUE(refresh({"$secret://vault/1/none/k"}));
  EXPECT_TRUE(log.has("$secret://vault/1/none/k is resolved again"));
  EXPECT_FALSE(log.has("\"here\""));
}

TEST_F(SecretKeeperTest, WhereNobodyAnswersTheOthersAreNotAskedFor) {
  secrets.clear();
  error = ErrorCode::kUnavailable;
  std::vector<std::string> references;
  references.reserve(100);
  for (int i = 0; i < 100; ++i) references.push_back("$secret://vault/1/p" + std::to_string(i) + "/k");
  fetch(references);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(find("$secret://vault/1/p7/k"), "not there");
}

TEST_F(SecretKeeperTest, AFewAreAskedForAtOnce) {
  held = std::make_unique<async::Event>();
  for (int i = 0; i < 100; ++i) secrets["p" + std::to_string(i)] = R"({"k":1})";
  std::vector<std::string> references;
  references.reserve(secrets.size());
  for (const auto& [path, secret] : secrets) references.push_back("$secret://vault/1/" + path + "/k");
  fetch(references);
  EXPECT_EQ(asked.size(), 8u);
  tasks.cancel_all();
}

TEST_F(SecretKeeperTest, AChangedManagerIsAskedAtOnceAndTheValueStaysMeanwhile) {
  fetch({kReference});
  keeper.use({{"vault/1", {"http://other", "kv", "t", ""}}});
  EXPECT_EQ(find(kReference), "\"one\"");
  secrets["a"] = R"({"k":"elsewhere"})";
  EXPECT_TRUE(refresh({kReference}));
  EXPECT_THAT(asked, ElementsAre("http://one a", "http://other a"));
  EXPECT_EQ(find(kReference), "\"elsewhere\"");
}

TEST_F(SecretKeeperTest, WhatNobodyRefersToIsForgotten) {
  fetch({kReference});
  EXPECT_FALSE(refresh({}));
  EXPECT_EQ(find(kReference), "it has not been fetched yet");
}

}  // namespace
}  // namespace sallyport::source
