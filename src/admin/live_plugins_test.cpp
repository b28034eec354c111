#include "admin/live_plugins.h"

#include "admin/live_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sallyport::admin
