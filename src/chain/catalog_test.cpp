#include "chain/catalog.h"

#include "chain/probe_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::chain {
namespace {

using testing::ElementsAre;

// Takes {"size": integer, 5 by default}; a size of 13 is refused by the plugin itself.
class SizeType final : public PluginType {
 public:
  SizeType(std::string name, int priority) : name_(std::move(name)), priority_(priority) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  const json::Schema& schema() const override { return schema_; }
  Task<Result<PluginPtr>> configure(const json::Value& conf, const Place& place) const override {
    last_conf = json::print(conf);
    last_place = place;
    if (conf.integer_or("size", 0) == 13) {
      return Result<PluginPtr>(fail(ErrorCode::kInvalid, "13 brings bad luck"));
    }
    return Result<PluginPtr>(std::make_shared<const ProbePlugin>(name_, PhaseSet{Phase::kLog}, Probe{}));
  }

  mutable std::string last_conf;
  mutable Place last_place;

 private:
  std::string name_;
  int priority_;
  json::Schema schema_ = json::Schema::must_compile(
      R"({"type": "object", "properties": {"size": {"type": "integer", "default": 5}}, "additionalProperties": false})");
};

struct CatalogTest : testing::Test {
  CatalogTest() {
    catalog.add(std::make_unique<SizeType>("low", 1));
    catalog.add(std::make_unique<SizeType>("high", 100));
    catalog.add(std::make_unique<SizeType>("also-high", 100));
  }

  Result<std::vector<Link>> compile(std::string_view plugins, const Chain* predecessor = nullptr) {
    json::Value parsed = json::parse(plugins).value();
    return finish(compile_links(catalog, parsed.object(), "routes/1", predecessor));
  }
  std::string names(std::string_view plugins) {
    std::string names;
    for (const Link& link : compile(plugins).value()) names += link.name + " ";
    return names;
  }
  std::string refusal(std::string_view plugins) {
    auto links = compile(plugins);
    return links ? "accepted" : links.error().what;
  }
  const SizeType& type(std::string_view name) { return static_cast<const SizeType&>(*catalog.find(name)); }

  Catalog catalog;
};

TEST_F(CatalogTest, TypesAreFoundByNameAndListedByPriority) {
  EXPECT_EQ(catalog.find("low")->priority(), 1);
  EXPECT_EQ(catalog.find("none"), nullptr);
  std::vector<std::string> names;
  for (const PluginType* t : catalog.by_priority()) names.emplace_back(t->name());
  EXPECT_THAT(names, ElementsAre("high", "also-high", "low"));
  catalog.keep_only({"low", "unknown"});
  EXPECT_EQ(catalog.by_priority().size(), 1u);
}

TEST_F(CatalogTest, TheSchemaIsShownWithMeta) {
  const json::Value& shown = catalog.schema("low")->source();
  EXPECT_TRUE(shown.find("properties")->find("_meta")->find("properties")->find("filter"));
  EXPECT_TRUE(shown.find("properties")->find("size"));
  EXPECT_EQ(catalog.schema("none"), nullptr);
}

TEST_F(CatalogTest, LinksAreSortedByPriorityThenAsWritten) {
  EXPECT_EQ(names(R"({"low":{},"also-high":{},"high":{}})"), "also-high high low ");
  EXPECT_EQ(names(R"({"low":{"_meta":{"priority":1000}},"high":{}})"), "low high ");
  EXPECT_EQ(names(R"({"low":{"_meta":{"disable":true}},"high":{"_meta":{"disable":false}}})"), "high ");
}

TEST_F(CatalogTest, APluginSeesItsConfWithDefaultsAndWithoutMeta) {
  auto links = compile(R"({"low":{"_meta":{"error_response":{"a":1},"filter":[["uri","==","/"]]}}})");
  ASSERT_TRUE(links);
  EXPECT_EQ(type("low").last_conf, R"({"size":5})");
  EXPECT_EQ(type("low").last_place.resource, "routes/1");
  EXPECT_EQ(links->at(0).reason, "plugin:low");
  EXPECT_EQ(links->at(0).error_response, "{\"a\":1}\n");
  EXPECT_TRUE(links->at(0).error_response_is_json);
  EXPECT_TRUE(links->at(0).filter);
}

TEST_F(CatalogTest, APluginMeetsItsPredecessor) {
  Chain before(compile(R"({"low":{}})").value());
  ASSERT_TRUE(compile(R"({"low":{"size":1},"high":{}})", &before));
  EXPECT_EQ(type("low").last_place.predecessor, before.links()[0].plugin.get());
  EXPECT_EQ(type("high").last_place.predecessor, nullptr);
}

TEST_F(CatalogTest, ErrorsNameThePluginAndTheCause) {
  EXPECT_EQ(refusal(R"({"nope":{}})"), "unknown plugin [nope]");
  EXPECT_EQ(refusal(R"({"hihg":{}})"), "unknown plugin [hihg]; did you mean high?");
  EXPECT_EQ(refusal(R"({"low":3})"), "invalid plugin conf 3 for plugin [low]");
  EXPECT_EQ(refusal(R"({"low":{"size":13}})"),
            "failed to check the configuration of plugin low err: 13 brings bad luck");
  EXPECT_EQ(refusal(R"({"low":{"size":"x"}})"),
            "failed to check the configuration of plugin low err: "
            "property \"size\" validation failed: wrong type: expected integer, got string");
  EXPECT_THAT(refusal(R"({"low":{"_meta":{"disable":1}}})"),
              testing::StartsWith("failed to check the configuration of plugin low err: property \"_meta\" validation "
                                  "failed: property \"disable\""));
  EXPECT_THAT(refusal(R"({"low":{"_meta":{"filter":[["a","=~","b"]]}}})"),
              testing::HasSubstr("failed to validate the 'vars' expression: invalid operator '=~'"));
  EXPECT_THAT(refusal(R"({"low":{"_meta":{"pre_function":"return 1"}}})"),
              testing::HasSubstr("_meta.pre_function is Lua"));
}

TEST_F(CatalogTest, APluginThatIsLeftOutIsNotCalledMisspelt) {
  catalog.keep_only({"low"});
  catalog.explain_absence("later", "wait for it");
  EXPECT_EQ(refusal(R"({"high":{}})"),
            "unknown plugin [high]; the list `plugins` in the settings leaves it out; add it there");
  EXPECT_EQ(refusal(R"({"later":{}})"), "unknown plugin [later]; wait for it");
}

TEST_F(CatalogTest, ADisabledPluginNeedsNoValidConf) {
  EXPECT_EQ(names(R"({"low":{"size":"x","_meta":{"disable":true}}})"), "");
  EXPECT_EQ(refusal(R"({"nope":{"_meta":{"disable":true}}})"), "unknown plugin [nope]");
}

TEST_F(CatalogTest, ACopyIsChangedWithoutTheOriginal) {
  Catalog changed = catalog;
  changed.put(std::make_shared<const SizeType>("low", 7));
  changed.put(std::make_shared<const SizeType>("new", 3));
  changed.remove("high");
  EXPECT_EQ(changed.find("low")->priority(), 7);
  EXPECT_NE(changed.schema("new"), nullptr);
  EXPECT_EQ(changed.find("high"), nullptr);
  EXPECT_EQ(catalog.find("low")->priority(), 1);
  EXPECT_EQ(catalog.find("new"), nullptr);
  EXPECT_EQ(changed.share("also-high"), catalog.share("also-high"));
}

}  // namespace
}  // namespace sallyport::chain
