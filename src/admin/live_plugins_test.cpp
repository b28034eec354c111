#include "admin/live_plugins.h"

#include "admin/live_fixture.h"
#include "async/event.h"
#include "async/task_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A gateway that comes up with the store of another.
struct LivePluginsTest : testing::Test, LiveFixture {
  std::vector<std::string> load(chain::Catalog& to) {
    std::vector<std::string> problems;
    async::TaskGroup group;
    group.spawn(keep_problems(to, problems));
    return problems;
  }
  Task<void> keep_problems(chain::Catalog& to, std::vector<std::string>& problems) {
    problems = co_await live.load(to);
  }

  std::string code_in(const chain::Catalog& some, std::string_view name) {
    const auto* type = some.find(name);
    return type ? static_cast<const LiveProbeType*>(type)->code() : "none";
  }
};

TEST_F(LivePluginsTest, AreLoadedFromTheStore) {
  ask("PUT", "/probes/p", "code:a");
  ask("PUT", "/probes/q", R"({"module": "Y29kZTpi", "priority": 3})");
  chain::Catalog next;
  EXPECT_THAT(load(next), IsEmpty());
  EXPECT_EQ(code_in(next, "p"), "code:a");
  EXPECT_EQ(next.find("q")->priority(), 3);
}

TEST_F(LivePluginsTest, OneThatIsDamagedFailsAloneAndCanBePutAgain) {
  ask("PUT", "/probes/p", "code:a");
  ask("PUT", "/probes/q", "code:b");
  folder.write("a.db.blobs/" + sha256_hex("code:a"), "something else");
  LivePlugins second(services, &blobs);
  second.use(std::make_shared<LiveProbes>(), live.settings());
  services.live = &second;
  catalog.remove("p");
  catalog.remove("q");
  std::vector<std::string> problems;
  async::TaskGroup group;
  auto run = [](LivePlugins& from, chain::Catalog& to, std::vector<std::string>& told) -> Task<void> {
    told = co_await from.load(to);
  };
  group.spawn(run(second, catalog, problems));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems.front(), HasSubstr("/apisix/probes/p: "));
  EXPECT_THAT(problems.front(), HasSubstr("damaged: its SHA-256 is not its name"));
  EXPECT_THAT(problems.front(), HasSubstr("until it is put again, what uses it answers as with a plugin that fails"));
  EXPECT_THAT(serving("p"), HasSubstr("failed: "));
  EXPECT_EQ(serving("q"), "code:b");
  EXPECT_THAT(ask("PUT", "/probes/p", "code:a"), testing::StartsWith("200 "));
  EXPECT_EQ(serving("p"), "code:a");
  services.live = &live;
}

TEST_F(LivePluginsTest, OneThatCannotBeMadeAgainStaysAsItWas) {
  ask("PUT", "/probes/p", "code:a");
  folder.write("a.db.blobs/" + sha256_hex("code:a"), "something else");
  chain::Catalog next;
  EXPECT_THAT(load(next), ElementsAre(HasSubstr("it stays as it was")));
  EXPECT_EQ(code_in(next, "p"), "code:a");
}

TEST_F(LivePluginsTest, AnotherPluginOfTheSameNameServesInItsPlace) {
  ask("PUT", "/probes/p", "code:a");
  chain::Catalog next;
  next.add(std::make_shared<const LiveProbeType>("p", "declared", 0));
  EXPECT_THAT(load(next), ElementsAre(HasSubstr("another plugin has this name now")));
  EXPECT_EQ(code_in(next, "p"), "declared");
  catalog = next;
  EXPECT_THAT(ask("PUT", "/probes/p", "code:b"), HasSubstr("is the name of another plugin"));
  EXPECT_THAT(ask("DELETE", "/probes/p"), testing::StartsWith("200 "));
  EXPECT_EQ(serving("p"), "declared");
}

// Probes whose making waits until the test lets it end.
class SlowProbes final : public chain::LiveTypes {
 public:
  std::string_view kind() const override { return probes_.kind(); }
  std::string_view media_type() const override { return probes_.media_type(); }
  bool is_code(std::string_view bytes) const override { return probes_.is_code(bytes); }
  Task<Result<chain::LiveType>> make(chain::LiveCode code) override {
    const std::string name = code.name;
    co_await under_way[name];
    under_way.erase(name);
    co_return co_await probes_.make(std::move(code));
  }
  std::shared_ptr<const chain::PluginType> make_failed(const chain::LiveCode& code, Error why) override {
    return probes_.make_failed(code, std::move(why));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, event] : under_way) names.push_back(name);
    return names;
  }

  std::map<std::string, async::Event> under_way;

 private:
  LiveProbes probes_;
};

struct LoadingTest : LivePluginsTest {
  LoadingTest() {
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      ask("PUT", std::string("/probes/") + name, "code:" + std::string(name));
    }
  }
  // As `sallyport check` does: what loads goes as soon as all is loaded.
  Task<std::vector<std::string>> load_and_go(std::shared_ptr<chain::LiveTypes> types) {
    LivePlugins loading(services, &blobs);
    loading.use(std::move(types), live.settings());
    co_return co_await loading.load(next);
  }

  std::shared_ptr<SlowProbes> slow = std::make_shared<SlowProbes>();
  chain::Catalog next;
};

TEST_F(LoadingTest, AFewAreMadeAtOnceAndTheOthersAsTheseEnd) {
  async::Running<std::vector<std::string>> running(load_and_go(slow));
  EXPECT_THAT(slow->names(), ElementsAre("a", "b", "c", "d"));
  slow->under_way["c"].set();
  EXPECT_THAT(slow->names(), ElementsAre("a", "b", "d", "e"));
  slow->under_way["a"].set();
  slow->under_way["f"].set();
  slow->under_way["e"].set();
  EXPECT_THAT(slow->names(), ElementsAre("b", "d"));
  slow->under_way["b"].set();
  EXPECT_FALSE(running.is_done());
  slow->under_way["d"].set();
  ASSERT_TRUE(running.is_done());
  EXPECT_THAT(running.result(), IsEmpty());
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) EXPECT_EQ(code_in(next, name), "code:" + std::string(name));
}

TEST_F(LoadingTest, ProblemsAreToldInTheOrderOfTheStore) {
  for (const char* name : {"b", "e"}) {
    folder.write("a.db.blobs/" + sha256_hex("code:" + std::string(name)), "something else");
  }
  next.add(std::make_shared<const LiveProbeType>("d", "declared", 0));
  async::Running<std::vector<std::string>> running(load_and_go(slow));
  for (const char* name : {"f", "e", "c", "b", "a"}) {
    if (slow->under_way.contains(name)) slow->under_way[name].set();
  }
  while (!slow->under_way.empty()) slow->under_way.begin()->second.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_THAT(running.result(), ElementsAre(HasSubstr("probes/b: "), HasSubstr("another plugin has this name now"),
                                            HasSubstr("probes/e: ")));
  EXPECT_EQ(code_in(next, "d"), "declared");
  EXPECT_THAT(code_in(next, "e"), HasSubstr("failed: "));
}

TEST_F(LoadingTest, ThatIsDroppedLeavesNothing) {
  async::Running<std::vector<std::string>> running(load_and_go(slow));
  slow->under_way["b"].set();
  running.drop();
  while (!slow->under_way.empty()) {
    slow->under_way.begin()->second.set();
    slow->under_way.erase(slow->under_way.begin());
  }
  EXPECT_EQ(next.find("b"), nullptr);
  EXPECT_FALSE(running.is_done());
}

}  // namespace
}  // namespace sallyport::admin
