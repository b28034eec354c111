#include "snapshot/snapshot_builder.h"

#include "base/log_fixture.h"
#include "snapshot/builder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sallyport::snapshot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct SnapshotBuilderTest : testing::Test, BuilderFixture {};

constexpr std::string_view kRoute = R"({"uri": "/a", "upstream": {"nodes": {"127.0.0.1:1980": 1}}})";

TEST_F(SnapshotBuilderTest, BeginsWithNothingWhichAnswers404) {
  const Plan& none = plan("/a");
  EXPECT_EQ(builder.latest()->revision(), 0u);
  EXPECT_EQ(none.no_upstream->status, 404);
  EXPECT_EQ(none.no_upstream->message, "404 Route Not Found");
  EXPECT_FALSE(none.refusal);
  EXPECT_TRUE(chain("/a").links().empty());
}

TEST_F(SnapshotBuilderTest, ARouteServesFromItsCommitOnUntilItIsRemoved) {
  auto change = prepare(item("routes", "r1", kRoute));
  EXPECT_EQ(plan("/a").route_id, "");
  EXPECT_EQ(commit(std::move(change)), "");
  EXPECT_EQ(builder.latest()->revision(), 1u);
  EXPECT_EQ(plan("/a").route_id, "r1");
  EXPECT_EQ(plan("/a").cluster->nodes().front().port, 1980);
  EXPECT_EQ(request->exchange.matched.route_id, "r1");
  EXPECT_EQ(request->exchange.matched.uri, "/a");

  EXPECT_EQ(remove("routes", "r1"), "");
  EXPECT_EQ(plan("/a").route_id, "");
  EXPECT_EQ(remove("routes", "r1"), "");
}

TEST_F(SnapshotBuilderTest, AChangePreparedUponAnOlderStateConflicts) {
  auto first = prepare(item("routes", "r1", kRoute)), second = prepare(item("routes", "r2", kRoute));
  EXPECT_EQ(commit(std::move(first)), "");
  auto late = builder.commit(std::move(*second));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
}

TEST_F(SnapshotBuilderTest, UpstreamsAreFoundByIdAndName) {
  put("upstreams", "u1", R"({"name": "auth", "nodes": {"127.0.0.1:1980": 1}})");
  SnapshotPtr with = builder.latest();
  EXPECT_EQ(with->upstream("u1")->nodes().front().port, 1980);
  EXPECT_EQ(with->upstream("auth"), with->upstream("u1"));
  EXPECT_EQ(remove("upstreams", "u1"), "");
  EXPECT_EQ(builder.latest()->upstream("auth"), nullptr);
  EXPECT_NE(with->upstream("auth"), nullptr);
}

TEST_F(SnapshotBuilderTest, ARouteThatIsSwitchedOffIsLeftOut) {
  put("routes", "r1", R"({"uri": "/a", "status": 0, "upstream": {"nodes": {"127.0.0.1:1980": 1}}})");
  EXPECT_EQ(plan("/a").route_id, "");
  EXPECT_EQ(builder.latest()->routes(), 0u);
  put("routes", "r1", kRoute);
  EXPECT_EQ(plan("/a").route_id, "r1");
}

TEST_F(SnapshotBuilderTest, AmongEqualRoutesTheOneCreatedFirstServesAlsoAfterItWasWrittenAgain) {
  put("routes", "b", kRoute);
  put("routes", "a", kRoute);
  put("routes", "b", kRoute);
  EXPECT_EQ(plan("/a").route_id, "b");
  EXPECT_THAT(load({item("routes", "z", R"({"uri": "/z", "upstream_id": "1"})"),
                    item("routes", "y", R"({"uri": "/z", "upstream_id": "1"})")}),
              IsEmpty());
  EXPECT_EQ(plan("/z").route_id, "z");
}

TEST_F(SnapshotBuilderTest, PluginsOfRouteWinOverPluginConfigOverService) {
  put("services", "s", R"({"plugins": {"high": {"mark": "service"}, "low": {"mark": "service"}}})");
  put("plugin_configs", "p", R"({"plugins": {"high": {"mark": "config"}}})");
  put("routes", "r", R"({"uri": "/s", "service_id": "s"})");
  put("routes", "rp", R"({"uri": "/sp", "service_id": "s", "plugin_config_id": "p"})");
  put("routes", "rr",
      R"({"uri": "/r", "service_id": "s", "plugin_config_id": "p", "plugins": {"low": {"mark": "route"}}})");
  EXPECT_THAT(plugins("/s"), ElementsAre("high:service", "low:service"));
  EXPECT_THAT(plugins("/sp"), ElementsAre("high:config", "low:service"));
  EXPECT_THAT(plugins("/r"), ElementsAre("high:config", "low:route"));
  EXPECT_EQ(plugin("/r").place, "routes/rr");

  put("plugin_configs", "p", R"({"plugins": {"high": {"mark": "changed"}}})");
  put("services", "s", R"({"plugins": {"low": {"mark": "changed"}}})");
  EXPECT_THAT(plugins("/s"), ElementsAre("low:changed"));
  EXPECT_THAT(plugins("/sp"), ElementsAre("high:changed", "low:changed"));
}

TEST_F(SnapshotBuilderTest, GlobalRulesRunFirstForEveryRouteAndForNone) {
  put("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"mark": "route"}}})");
  put("global_rules", "2", R"({"plugins": {"high": {"mark": "second"}}})");
  put("global_rules", "1", R"({"plugins": {"low": {"mark": "first"}}})");
  EXPECT_THAT(plugins("/a"), ElementsAre("low:first", "high:second", "high:route"));
  EXPECT_THAT(plugins("/none"), ElementsAre("low:first", "high:second"));
  remove("global_rules", "1");
  EXPECT_THAT(plugins("/a"), ElementsAre("high:second", "high:route"));
}

TEST_F(SnapshotBuilderTest, APluginIsKeptWhileItsConfIsTheSame) {
  put("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"mark": "x"}, "low": {"mark": "y"}}})");
  const Made* high = &plugin("/a");
  EXPECT_EQ(made(), 2);
  put("routes", "r", R"({"uri": "/b", "upstream_id": "2", "plugins": {"low": {"mark": "z"}, "high": {"mark": "x"}}})");
  EXPECT_EQ(&plugin("/b"), high);
  EXPECT_EQ(made(), 3);
  EXPECT_THAT(plugins("/b"), ElementsAre("high:x", "low:z"));
}

TEST_F(SnapshotBuilderTest, AChangedPluginMeetsItsPredecessorOfTheSameResource) {
  put("global_rules", "1", R"({"plugins": {"low": {"mark": "global"}}})");
  put("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"mark": "1"}}})");
  put("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"mark": "2"}}})");
  auto generation = [&] { return static_cast<const Made&>(*chain("/a").links()[1].plugin).generation; };
  EXPECT_EQ(generation(), 2);
  put("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"low": {}}})");
  EXPECT_EQ(generation(), 1);
}

TEST_F(SnapshotBuilderTest, WithoutReuseEveryPluginIsMadeAnewAsTheSuccessorOfTheOldOne) {
  const auto route = item("routes", "r", R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"mark": "x"}}})");
  load({route});
  load({route});
  EXPECT_EQ(plugin("/a").generation, 1);
  load({route}, Reuse::kNothing);
  EXPECT_EQ(plugin("/a").generation, 2);
}

TEST_F(SnapshotBuilderTest, ADisabledPluginDoesNotRun) {
  put("routes", "r",
      R"({"uri": "/a", "upstream_id": "1", "plugins": {"high": {"_meta": {"disable": true}}, "low": {}}})");
  EXPECT_THAT(plugins("/a"), ElementsAre("low:"));
}

TEST_F(SnapshotBuilderTest, AChangeOfGlobalRulesReachesEveryRouteAndLeavesTheirPlansAlone) {
  put("routes", "1", R"({"uri": "/a", "upstream_id": "1"})");
  put("routes", "2", R"({"uri": "/b", "upstream_id": "1"})");
  put("routes", "3", R"({"uri": "/c", "upstream_id": "1", "plugins": {"high": {}}})");
  EXPECT_EQ(&chain("/a"), &chain("/b")) << "without plugins of their own";
  const Plan* before = &plan("/c");
  const SnapshotPtr old = builder.latest();
  put("global_rules", "g", R"({"plugins": {"low": {"mark": "g"}}})");
  EXPECT_EQ(&plan("/c"), before);
  EXPECT_THAT(plugins("/b"), ElementsAre("low:g"));
  EXPECT_THAT(plugins("/c"), ElementsAre("low:g", "high:"));
  EXPECT_EQ(old->chain_of(*before).links().size(), 1u) << "for exchanges that began before";
  EXPECT_THAT(plugins("/c"), ElementsAre("low:g", "high:"));
  put("routes", "2", R"({"uri": "/b", "upstream_id": "1", "plugins": {"high": {"mark": "own"}}})");
  EXPECT_THAT(plugins("/b"), ElementsAre("low:g", "high:own"));
  EXPECT_THAT(plugins("/a"), ElementsAre("low:g"));
}

TEST(SnapshotBuilder, AnUnknownPluginIsSkippedWhereThatIsAskedFor) {
  BuilderOptions options;
  options.unknown_plugins = UnknownPlugins::kSkip;
  BuilderFixture skipping(options);
  const std::vector<Item> items{
      BuilderFixture::item("services", "s", R"({"plugins": {"gone": {}, "low": {"mark": "s"}}})"),
      BuilderFixture::item("services", "unused", R"({"plugins": {"gone": {}}})"),
      BuilderFixture::item("global_rules", "g", R"({"plugins": {"gone": 1}})"),
      BuilderFixture::item("routes", "r", R"({"uri": "/a", "service_id": "s", "plugins": {"gone": {}, "high": {}}})")};
  auto change = chain::finish(skipping.builder.prepare_all(items));
  EXPECT_THAT(change.rejected(), testing::SizeIs(1)) << "a conf that is no object";
  ASSERT_TRUE(change.unserved().contains("routes/r"));
  EXPECT_THAT(change.unserved().at("routes/r"), ElementsAre(StartsWith("unknown plugin [gone] is skipped")));
  EXPECT_TRUE(change.unserved().contains("services/s") && change.unserved().contains("services/unused"));
  ASSERT_TRUE(skipping.builder.commit(std::move(change)));
  EXPECT_THAT(skipping.plugins("/a"), ElementsAre("high:", "low:s"));
}

TEST_F(SnapshotBuilderTest, WhatCannotBeCompiledIsRefusedAndTheLastGoodFormStays) {
  put("routes", "r", kRoute);
  auto with = [](std::string_view more) {
    return R"({"uri": "/a", "upstream": {"nodes": {"127.0.0.1:1980": 1}}, )" + std::string(more) + "}";
  };
  EXPECT_THAT(put("routes", "r", with(R"("plugins": {"none": {}})")), HasSubstr("unknown plugin [none]"));
  EXPECT_THAT(put("routes", "r", with(R"("plugins": {"low": {"mark": "bad"}})")), HasSubstr("the mark is bad"));
  EXPECT_THAT(put("routes", "r", with(R"("filter_func": "function(vars) return true end")")),
              StartsWith("filter_func"));
  EXPECT_THAT(put("routes", "r", with(R"("vars": [["a", "?", "b"]])")), HasSubstr("vars"));
  EXPECT_THAT(put("routes", "r", R"({"uri": 1, "upstream_id": "1"})"), HasSubstr("uri"));
  EXPECT_THAT(put("routes", "r", R"({"uri": "/a", "upstream": {"type": "chance", "nodes": {"127.0.0.1:80": 1}}})"),
              HasSubstr("chance"));
  EXPECT_EQ(builder.latest()->revision(), 1u);
  EXPECT_EQ(plan("/a").route_id, "r");
}

TEST_F(SnapshotBuilderTest, PluginsThatNoRouteUsesYetAreTriedToo) {
  EXPECT_THAT(put("services", "s", R"({"plugins": {"low": {"mark": "bad"}}})"), HasSubstr("the mark is bad"));
  EXPECT_THAT(put("plugin_configs", "p", R"({"plugins": {"low": {"mark": "bad"}}})"), HasSubstr("the mark is bad"));
  EXPECT_THAT(put("global_rules", "g", R"({"plugins": {"low": {"mark": "bad"}}})"), HasSubstr("the mark is bad"));
  EXPECT_EQ(builder.latest()->revision(), 0u);
}

TEST_F(SnapshotBuilderTest, AServiceThatWouldBreakARouteIsRefusedNamingTheRoute) {
  put("services", "s", R"({"plugins": {}})");
  put("routes", "r7", R"({"uri": "/a", "service_id": "s"})");
  EXPECT_THAT(put("services", "s", R"({"plugins": {"low": {"mark": "bad"}}})"), StartsWith("routes/r7: "));
}

TEST_F(SnapshotBuilderTest, LoadingGoesOnOverBadItemsWhateverTheirOrder) {
  auto rejected = load({item("routes", "ok", R"({"uri": "/a", "service_id": "s"})"),
                        item("routes", "bad", R"({"uri": "/b", "upstream_id": "u", "plugins": {"none": {}}})"),
                        item("services", "s", R"({"upstream_id": "u"})"), item("consumers", "jack", "{}"),
                        item("upstreams", "bad", R"({"type": "chance", "nodes": {"127.0.0.1:80": 1}})"),
                        item("upstreams", "u", R"({"nodes": {"127.0.0.1:81": 1}})")});
  EXPECT_THAT(rejected, ElementsAre(StartsWith("upstreams/bad: "), StartsWith("routes/bad: ")));
  EXPECT_EQ(plan("/a").route_id, "ok");
  EXPECT_EQ(plan("/a").cluster->key(), "upstreams/u");
  EXPECT_EQ(plan("/b").route_id, "");
}

struct UnservedTest : SnapshotBuilderTest {
  static std::string route(std::string_view more) {
    return R"({"uri": "/a", "upstream": {"nodes": {"127.0.0.1:1980": 1})" + std::string(more) + "}}";
  }
  const std::string discovered = route(R"(, "discovery_args": {"group_name": "g"})");
  log::Capture log;
};

TEST_F(UnservedTest, WhatHasNoEffectIsSaidOnceHoweverOftenTheResourceIsCompiled) {
  EXPECT_EQ(put("routes", "r", discovered), "");
  EXPECT_THAT(log.take(), ElementsAre(StartsWith("warn routes/r: upstream.discovery_args has no effect yet: ")));
  put("routes", "other", kRoute);
  put("global_rules", "g", R"({"plugins": {"low": {}}})");
  put("routes", "r", discovered);
  load({item("routes", "r", discovered)}, Reuse::kNothing);
  EXPECT_THAT(log.take(), IsEmpty());
  put("routes", "r", route(R"(, "discovery_args": {"group_name": "g"}, "tls": {})"));
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("upstream.tls")));
}

TEST_F(UnservedTest, WhatWasGoneAndCameAgainIsSaidAgain) {
  put("routes", "r", discovered);
  put("routes", "r", kRoute);
  put("routes", "r", discovered);
  EXPECT_EQ(log.take().size(), 2u);
  remove("routes", "r");
  put("routes", "r", discovered);
  EXPECT_EQ(log.take().size(), 1u);
}

TEST_F(UnservedTest, AMemberOfAPluginsConfThatIsMisspeltIsNamed) {
  put("routes", "r", R"({"uri": "/a", "plugins": {"high": {"mrk": "x"}}})");
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("plugins.high.mrk is unknown and has no effect; did you mean mark?")));
}

TEST_F(UnservedTest, OfWhatIsNotServedAtAllNothingIsSaid) {
  EXPECT_NE(put("routes", "r", R"({"uri": "/a", "enable_websocket": true, "plugins": {"none": {}}})"), "");
  load({item("routes", "r", R"({"uri": "/a", "enable_websocket": true, "plugins": {"none": {}}})")});
  EXPECT_THAT(log.take(), IsEmpty());
  auto change = prepare(item("routes", "r", discovered));
  EXPECT_THAT(change->unserved().at("routes/r"), ElementsAre(HasSubstr("upstream.discovery_args")));
  EXPECT_THAT(log.take(), IsEmpty());
}

std::string checked_in(const Snapshot& snapshot) {
  std::set<std::string> keys;
  snapshot.checked().for_each([&](std::string_view key, const auto&) { keys.emplace(key); });
  std::string all;
  for (const std::string& key : keys) all += key + " ";
  return all;
}

TEST_F(SnapshotBuilderTest, ASnapshotKnowsTheUpstreamsThatAreToBeChecked) {
  const std::string upstream = R"({"nodes": {"127.0.0.1:1980": 1}, "checks": {"active": {}}})";
  const std::string route = R"({"uri": "/a", "upstream": )" + upstream + "}";
  put("upstreams", "u", upstream);
  put("services", "s", R"({"upstream": )" + upstream + "}");
  put("routes", "r", route);
  EXPECT_EQ(checked_in(*builder.latest()), "routes/r services/s upstreams/u ");
  const CheckedClusters before = builder.latest()->checked();
  put("routes", "other", kRoute);
  EXPECT_TRUE(builder.latest()->checked() == before);
  put("routes", "r", R"({"uri": "/a", "status": 0, "upstream": )" + upstream + "}");
  put("upstreams", "u", R"({"nodes": {"127.0.0.1:1980": 1}})");
  EXPECT_EQ(checked_in(*builder.latest()), "services/s ");
  remove("services", "s");
  EXPECT_EQ(checked_in(*builder.latest()), "");
}

// Of "low", with the same name and another type.
struct AnotherType : SnapshotBuilderTest {
  AnotherType() {
    auto type = std::make_shared<MadeType>("low", 1);
    another = type.get();
    next.put(std::move(type));
  }
  std::vector<std::string> take(std::vector<Item> items) {
    auto change = chain::finish(builder.prepare_types(next, std::move(items)));
    std::vector<std::string> rejected;
    for (const Rejected& each : change.rejected()) rejected.push_back(each.kind + "/" + each.id);
    if (!rejected.empty()) return rejected;
    catalog = next;
    EXPECT_TRUE(builder.commit(std::move(change)));
    return rejected;
  }
  chain::Catalog next = catalog;
  const MadeType* another = nullptr;
};

TEST_F(AnotherType, MakesItsPluginsAnewAndLeavesThoseOfOtherTypes) {
  const std::string_view service = R"({"plugins": {"low": {"mark": "s"}, "high": {"mark": "s"}}})";
  const std::string_view config = R"({"plugins": {"low": {"mark": "p"}}})";
  const std::string_view global = R"({"plugins": {"low": {"mark": "g"}}})";
  put("services", "s", service);
  put("plugin_configs", "p", config);
  put("global_rules", "g", global);
  put("routes", "a", R"({"uri": "/a", "service_id": "s"})");
  put("routes", "b", R"({"uri": "/b", "plugin_config_id": "p", "upstream_id": "u"})");
  const int before = made();

  EXPECT_THAT(
      take({item("services", "s", service), item("plugin_configs", "p", config), item("global_rules", "g", global)}),
      IsEmpty());
  EXPECT_EQ(another->made, 3);
  EXPECT_EQ(made(), before);
  EXPECT_THAT(plugins("/a"), ElementsAre("low:g", "high:s", "low:s"));
  EXPECT_THAT(plugins("/b"), ElementsAre("low:g", "low:p"));
  EXPECT_EQ(plugin("/nowhere").generation, 2);
}

TEST_F(AnotherType, ComesIntoForceWithItsChangeAlone) {
  const std::string_view route = R"({"uri": "/a", "upstream_id": "u", "plugins": {"low": {"mark": "r"}}})";
  put("routes", "r", route);
  auto change = chain::finish(builder.prepare_types(next, {item("routes", "r", route)}));
  EXPECT_EQ(another->made, 1);
  EXPECT_EQ(plugin("/a").generation, 1);
  EXPECT_THAT(take({item("routes", "r", R"({"uri": "/a", "upstream_id": "u", "plugins": {"low": {"mark": "bad"}}})")}),
              ElementsAre("routes/r"));
  EXPECT_EQ(plugin("/a").generation, 1);
}

TEST_F(SnapshotBuilderTest, KnowsWhatIsInForce) {
  put("routes", "r", kRoute);
  put("services", "s", "{}");
  put("plugin_configs", "p", R"({"plugins": {}})");
  put("global_rules", "g", R"({"plugins": {"low": {}}})");
  EXPECT_EQ(put("routes", "bad", R"({"uri": "/a", "plugins": {"low": {"mark": "bad"}}})").empty(), false);
  for (auto [kind, id] : {std::pair("routes", "r"), std::pair("services", "s"), std::pair("plugin_configs", "p"),
                          std::pair("global_rules", "g")}) {
    EXPECT_TRUE(builder.serves(kind, id)) << kind;
    EXPECT_FALSE(builder.serves(kind, "bad")) << kind;
  }
  EXPECT_FALSE(builder.serves("unknown", "r"));
}

}  // namespace
}  // namespace sallyport::snapshot
