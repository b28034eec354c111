#include "app/check.h"

#include "admin/live_plugins.h"
#include "app/gateway_options.h"
#include "async/epoll_reactor.h"
#include "async/task_group.h"
#include "plugins/wasm/live_modules.h"
#include "plugins/wasm/runtime.h"
#include "resources/kinds.h"
#include "resources/references.h"
#include "resources/secret.h"
#include "snapshot/snapshot_builder.h"
#include "store/blob_folder.h"
#include "store/embedded_store.h"
#include "store/yaml_store.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sallyport::app {
namespace {

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

// Goes the way of a start up to the first snapshot, without workers.
class Check final {
 public:
  explicit Check(const Settings& settings) : settings_(settings) {}

  // The number of errors, each of which has been said.
  std::size_t run() {
    tasks_.spawn(check_all());
    if (!done_) control_.run();
    return errors_;
  }

 private:
  async::Task<void> check_all() {
    check_tls();
    if (Status loaded = load_plugins(); !loaded) {
      error(loaded.error().what);
    } else if (std::unique_ptr<store::Store> store = open_store()) {
      co_await load_live_plugins(*store);
      co_await check_resources(*store);
    }
    done_ = true;
    control_.stop();
  }

  void check_tls() {
    if (auto server = tls_context(settings_); !server) error(server.error().what);
    if (auto client = tls_client_context(settings_); !client) error(client.error().what);
  }

  Status load_plugins() {
    for (const WasmPluginSettings& plugin : settings_.wasm.plugins) {
      if (plugin.source) {
        say(fmt::format("{}: warning: wasm.plugins: {}: its module is fetched from {} by the gateway, and not checked",
                        plugin.where, plugin.name, plugin.source->shown()));
      }
    }
    auto runtime = wasm::Runtime::start({control_.poster(), {}, {}}, clock_, settings_.wasm.engine);
    if (!runtime) return without_engine(settings_.wasm, std::move(runtime).error());
    wasm_runtime_ = *std::move(runtime);
    return fill_catalog(catalog_, settings_, wasm_runtime_);
  }

  std::unique_ptr<store::Store> open_store() {
    return settings_.store.kind == StoreKind::kYaml ? open_yaml() : open_embedded();
  }

  std::unique_ptr<store::Store> open_yaml() {
    auto item_is_good = [this](const store::Key& key, const json::Value& value) {
      return check_item(catalog_, key, value);
    };
    auto yaml = store::YamlStore::open(settings_.store.yaml_path, item_is_good);
    if (!yaml) {
      error(yaml.error().what);
      return nullptr;
    }
    for (const std::string& problem : (*yaml)->problems()) error(problem);
    for (const std::string& warning : (*yaml)->warnings()) say(warning);
    return std::move(*yaml);
  }

  // A database that a running gateway holds cannot be read beside it, and what is in it has passed the Admin API.
  std::unique_ptr<store::Store> open_embedded() {
    if (!std::filesystem::exists(settings_.store.embedded_path)) return nullptr;
    auto embedded = store::EmbeddedStore::open(settings_.store.embedded_path);
    if (embedded) return std::move(*embedded);
    if (embedded.error().code == ErrorCode::kConflict) {
      say(fmt::format("warning: the resources were not checked: {}", embedded.error().what));
    } else {
      error(embedded.error().what);
    }
    return nullptr;
  }

  // The plugins that were put through the Admin API.
  async::Task<void> load_live_plugins(store::Store& store) {
    admin::Services services;
    services.store = &store;
    store::BlobFolder blobs(blob_folder(settings_.store));
    admin::LivePlugins live(services, &blobs);
    live.use(std::make_shared<wasm::LiveModules>(wasm_runtime_, wasm_settings(settings_)), live_settings(settings_));
    for (const std::string& problem : co_await live.load(catalog_)) error(store.describe() + ": " + problem);
  }

  // What shows only when all are put together: references, modules of plugins, what plugins say about their conf.
  async::Task<void> check_resources(store::Store& store) {
    auto entries = co_await store.list_all();
    if (!entries) co_return error(entries.error().what);
    std::vector<snapshot::Item> items;
    std::map<std::string, std::string> places;  // by "routes/1"
    for (const auto& entry : *entries) {
      if (refers_to_secrets(*entry)) continue;
      items.push_back({entry->key.kind, entry->key.id, entry->value});
      places[entry->key.kind + "/" + entry->key.id] = entry->origin.empty() ? store.describe() : entry->origin;
    }
    snapshot::SnapshotBuilder builder(catalog_,
                                      builder_options(settings_, forbidden_addresses(settings_, std::nullopt)));
    auto change = co_await builder.prepare_all(std::move(items));
    for (const auto& rejected : change.rejected()) {
      std::string resource = rejected.kind + "/" + rejected.id;
      error(fmt::format("{}: {}: {}", places[resource], resource, rejected.error.what));
    }
    for (const auto& [resource, members] : change.unserved()) {
      for (const std::string& member : members) {
        say(fmt::format("{}: warning: {}: {}", places[resource], resource, member));
      }
    }
    warn_of_missing(store, *entries);
  }

  // It may come later, so this is no error.
  static void warn_of_missing(const store::Store& store, const std::vector<store::EntryPtr>& entries) {
    std::set<store::Key> present;
    for (const auto& entry : entries) present.insert(entry->key);
    for (const auto& entry : entries) {
      const resources::KindInfo* info = resources::find_kind(entry->key.kind);
      if (!info) continue;
      for (const resources::Reference& reference : resources::references_of(info->kind, entry->value)) {
        const std::string folder(resources::info(reference.kind).folder);
        if (present.contains({folder, reference.id})) continue;
        say(
            fmt::format("{}: warning: {}/{}: it refers to {}/{}, which is not there; requests are answered with an "
                        "error until it is",
                        entry->origin.empty() ? store.describe() : entry->origin, entry->key.kind, entry->key.id,
                        folder, reference.id));
      }
    }
  }

  static bool refers_to_secrets(const store::Entry& entry) {
    const resources::KindInfo* info = resources::find_kind(entry.key.kind);
    if (!info || resources::secret_references_in(info->kind, entry.value).empty()) return false;
    say(fmt::format("warning: {}/{} refers to secrets, which the gateway fetches, and was not checked", entry.key.kind,
                    entry.key.id));
    return true;
  }

  void error(const std::string& line) {
    ++errors_;
    say(line);
  }

  const Settings& settings_;
  SystemClock clock_;
  async::EpollReactor control_;
  std::shared_ptr<wasm::Runtime> wasm_runtime_;
  chain::Catalog catalog_;
  std::size_t errors_ = 0;
  bool done_ = false;  // often before the loop begins, as little of this waits
  async::TaskGroup tasks_;
};

}  // namespace

int check(const SettingsSource& source) {
  CheckedSettings checked = check_settings(source);
  const bool can_serve = !checked.has_errors();
  std::size_t errors = 0;
  for (Problem& problem : checked.problems) {
    if (problem.severity == Severity::kMistake) problem.severity = Severity::kError;
    if (problem.severity == Severity::kError) ++errors;
    say(problem.to_string());
  }
  if (can_serve) errors += Check(checked.settings).run();
  if (errors > 0) return 1;
  std::printf("%s: ok\n", checked.settings.file.c_str());
  return 0;
}

}  // namespace sallyport::app
