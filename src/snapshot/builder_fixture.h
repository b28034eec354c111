#pragma once
// A SnapshotBuilder with plugins that tell how often they were made; no part of the product.

#include "chain/catalog.h"
#include "chain/probe_fixture.h"
#include "exchange/exchange_fixture.h"
#include "json/parse.h"
#include "snapshot/snapshot.h"
#include "snapshot/snapshot_builder.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::snapshot {

struct Made final : chain::Plugin {
  Made(std::string made_at, std::string made_mark, int made_generation)
      : place(std::move(made_at)), mark(std::move(made_mark)), generation(made_generation) {}
  chain::PhaseSet phases() const override { return {chain::Phase::kRewrite}; }
  chain::Filter* make_filter(exchange::Exchange&) const override { return nullptr; }
  std::string place;
  std::string mark;
  int generation;  // one more than its predecessor's
};

// Its conf is {"mark": TEXT}; the mark "bad" cannot be configured.
class MadeType final : public chain::PluginType {
 public:
  MadeType(std::string name, int priority) : name_(std::move(name)), priority_(priority) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  const json::Schema& schema() const override {
    static const json::Schema schema =
        json::Schema::must_compile(R"({"type": "object", "properties": {"mark": {"type": "string"}}})");
    return schema;
  }
  Task<Result<chain::PluginPtr>> configure(const json::Value& conf, const chain::Place& place) const override {
    using Answer = Result<chain::PluginPtr>;
    std::string mark = conf.string_or("mark", "");
    if (mark == "bad") return Answer(fail(ErrorCode::kInvalid, "the mark is bad"));
    ++made;
    const auto* before = static_cast<const Made*>(place.predecessor);
    return Answer(std::make_shared<const Made>(place.resource, std::move(mark), before ? before->generation + 1 : 1));
  }
  mutable int made = 0;

 private:
  std::string name_;
  int priority_;
};

struct BuilderFixture {
  explicit BuilderFixture(BuilderOptions options = {}) : builder(catalog_with_types(), std::move(options)) {}

  const chain::Catalog& catalog_with_types() {
    for (auto [name, priority] : {std::pair("low", 1), std::pair("high", 9)}) {
      auto type = std::make_shared<MadeType>(name, priority);
      types[name] = type;
      catalog.add(std::move(type));
    }
    return catalog;
  }
  int made() const { return types.at("low")->made + types.at("high")->made; }

  static Item item(std::string kind, std::string id, std::string_view text) {
    json::Value value = *json::parse(text);
    value.object()["id"] = id;
    return {std::move(kind), std::move(id), std::move(value)};
  }
  Result<SnapshotBuilder::Change> prepare(Item each) { return chain::finish(builder.prepare(std::move(each))); }

  // Writes or, without a text, removes; "" or the text of the error.
  std::string put(std::string kind, std::string id, std::string_view text) {
    return commit(prepare(item(std::move(kind), std::move(id), text)));
  }
  std::string remove(std::string kind, std::string id) {
    return commit(prepare(Item{std::move(kind), std::move(id), std::nullopt}));
  }
  std::string commit(Result<SnapshotBuilder::Change> change) {
    if (!change) return change.error().what;
    auto snapshot = builder.commit(std::move(*change));
    return snapshot ? "" : snapshot.error().what;
  }
  // As "kind/id: text".
  std::vector<std::string> load(std::vector<Item> items, Reuse reuse = Reuse::kSameConf) {
    auto change = chain::finish(builder.prepare_all(std::move(items), reuse));
    std::vector<std::string> rejected;
    for (const Rejected& each : change.rejected())
      rejected.push_back(each.kind + "/" + each.id + ": " + each.error.what);
    EXPECT_TRUE(builder.commit(std::move(change)));
    return rejected;
  }

  const Plan& plan(std::string_view path, std::string_view host = "any.test") {
    request = std::make_unique<exchange::ExchangeFixture>(path);
    request->exchange.host = request->exchange.request.authority = host;
    return builder.latest()->find(request->exchange);
  }
  const chain::Chain& chain(std::string_view path) { return builder.latest()->chain_of(plan(path)); }
  // The plugins of a plan as "name:mark".
  std::vector<std::string> plugins(std::string_view path) {
    std::vector<std::string> names;
    for (const chain::Link& link : chain(path).links()) {
      names.push_back(link.name + ":" + static_cast<const Made&>(*link.plugin).mark);
    }
    return names;
  }
  const Made& plugin(std::string_view path) { return static_cast<const Made&>(*chain(path).links().front().plugin); }

  std::map<std::string, std::shared_ptr<MadeType>> types;  // also those that another has taken the place of
  chain::Catalog catalog;
  SnapshotBuilder builder;
  std::unique_ptr<exchange::ExchangeFixture> request;
};

}  // namespace sallyport::snapshot
