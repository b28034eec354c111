#pragma once
// An Admin API for unit tests, on a real store and a real builder; no part of the product.

#include "admin/admin_api.h"
#include "async/event.h"
#include "async/mutex.h"
#include "base/temporary_folder_fixture.h"
#include "chain/catalog.h"
#include "json/parse.h"
#include "snapshot/snapshot.h"
#include "snapshot/snapshot_builder.h"
#include "store/embedded_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::admin {

// Takes {"text": ...}. Refuses the text "refused" when it is configured, and waits for `go` with the text "slow".
class CanaryType final : public chain::PluginType {
 public:
  explicit CanaryType(async::Event& go) : go_(go) {}
  std::string_view name() const override { return "canary"; }
  int priority() const override { return 7; }
  const json::Schema& schema() const override {
    static const json::Schema schema =
        json::Schema::must_compile(R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})");
    return schema;
  }
  Task<Result<chain::PluginPtr>> configure(const json::Value& conf, const chain::Place&) const override {
    std::string text = conf.string_or("text", "");
    if (text == "slow") co_await go_;
    if (text == "refused") co_return fail(ErrorCode::kInvalid, "the canary refuses");
    co_return chain::PluginPtr(std::make_shared<const Idle>());
  }

 private:
  class Idle final : public chain::Plugin {
   public:
    chain::PhaseSet phases() const override { return {}; }
    chain::Filter* make_filter(chain::Exchange&) const override { return nullptr; }
  };
  async::Event& go_;
};

class AdminFixture {
 public:
  static constexpr const char* kKey = "fixture-key-fixture-key";

  explicit AdminFixture(std::unique_ptr<store::Store> store = nullptr) : store_(std::move(store)) {
    if (!store_) store_ = std::move(*store::EmbeddedStore::open(folder.file("a.db")));
    catalog.add(std::make_unique<CanaryType>(go));
    builder = std::make_unique<snapshot::SnapshotBuilder>(catalog, snapshot::BuilderOptions());
    services.store = store_.get();
    services.catalog = &catalog;
    services.builder = builder.get();
    services.clock = &clock;
    services.changes = &changes;
    services.publish = [this](snapshot::SnapshotPtr) { return publish(); };
    ApiSettings settings;
    settings.access.keys = {{"fixture", kKey, Role::kAdmin}};
    api = std::make_unique<AdminApi>(services, std::move(settings));
  }

  // As a client on 127.0.0.1 with the right key; `target` is what stands behind /apisix/admin.
  AdminRequest request(std::string_view method, std::string_view target, std::string body = "") const {
    AdminRequest made;
    made.method = method;
    std::size_t query = target.find('?');
    made.path = "/apisix/admin" + std::string(target.substr(0, query));
    if (query != std::string_view::npos) made.arguments = parse_arguments(target.substr(query + 1));
    made.key_header = kKey;
    made.peer = *async::Address::from_ip("127.0.0.1", 50000);
    made.body = std::move(body);
    return made;
  }

  http::Response send(AdminRequest made) {
    http::Response response;
    async::TaskGroup group;
    group.spawn(keep(api->handle(std::move(made)), response));
    EXPECT_TRUE(group.empty()) << "the answer is not there yet";
    return response;
  }
  http::Response send(std::string_view method, std::string_view target, std::string body = "") {
    return send(request(method, target, std::move(body)));
  }

  // "201 {...}", the newline left out.
  std::string ask(std::string_view method, std::string_view target, std::string body = "") {
    http::Response response = send(method, target, std::move(body));
    std::string text = std::to_string(response.status) + " " + response.body;
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  static Task<void> keep(Task<http::Response> task, http::Response& response) { response = co_await task; }

  TemporaryFolder folder;
  FakeClock clock;
  async::Event go;                     // lets slow canaries finish
  async::Event* publishing = nullptr;  // when set: publishing waits for it
  int published = 0;
  async::Mutex changes;
  chain::Catalog catalog;
  Services services;
  std::unique_ptr<snapshot::SnapshotBuilder> builder;

 private:
  Task<void> publish() {
    if (publishing) co_await *publishing;
    ++published;
  }

  std::unique_ptr<store::Store> store_;

 public:
  std::unique_ptr<AdminApi> api;  // the first to end: its work uses all the others
};

}  // namespace sallyport::admin
