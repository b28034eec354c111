#pragma once
// What the settings mean to the rooms that serve.

#include "admin/admin_api.h"
#include "admin/live_plugins.h"
#include "app/settings.h"
#include "app/source_cache.h"
#include "app/worker.h"
#include "base/result.h"
#include "chain/catalog.h"
#include "plugins/wasm/code_cache.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/wasm_settings.h"
#include "snapshot/snapshot_builder.h"
#include "store/store.h"
#include "tls/client_context.h"
#include "tls/server_context.h"
#include "upstream/prober.h"

#include <memory>
#include <optional>
#include <vector>

namespace sallyport::app {

// Where no route may lead. `bound`: where the Admin API and the control API listen, once they do, which differs from
// the settings in a port 0.
upstream::ForbiddenAddresses forbidden_addresses(const Settings& settings,
                                                 const std::optional<std::vector<async::Address>>& bound);
// Null where no listener wants it. Error: kInvalid, naming the setting.
Result<std::unique_ptr<tls::ServerContext>> tls_context(const Settings& settings);
// What upstreams are spoken to with over TLS. Error: kInvalid, naming the setting.
Result<std::unique_ptr<tls::ClientContext>> tls_client_context(const Settings& settings);
Result<WorkerOptions> worker_options(const Settings& settings, const upstream::ForbiddenAddresses& forbidden);
// Of the thread that probes, which knows names and certificates as workers do.
upstream::ProberOptions prober_options(const WorkerOptions& workers);
snapshot::BuilderOptions builder_options(const Settings& settings, const upstream::ForbiddenAddresses& forbidden);

// Every plugin that the settings allow: native ones, declared Wasm ones, and `wasm` itself.
// Error: kInvalid, naming the declared plugin that cannot be loaded.
// `fetched`: where modules with a source are found; null: nowhere.
Status fill_catalog(chain::Catalog& catalog, const Settings& settings, std::shared_ptr<wasm::Runtime> runtime,
                    const SourceCache* fetched = nullptr);

// Of plugins that are handed in: their limits, and the names that all native plugins have, listed or not.
admin::LivePlugins::Settings live_settings(const Settings& settings);

// Beside the database: where the code of such plugins lies.
std::string blob_folder(const StoreSettings& store);

// Where compiled code of plugins is kept; null where none is, of which the log tells the reason.
std::shared_ptr<wasm::CodeCache> open_code_cache(const Settings& settings);

// Why `wasm.engine` cannot run here, with its place in the file.
std::unexpected<Error> without_engine(const WasmSettings& settings, Error why);

wasm::WasmSettings wasm_settings(const Settings& settings, const SourceCache* fetched = nullptr);
wasm::DeclaredPlugin declared_plugin(const WasmPluginSettings& settings);

// Without a configured key one is generated, kept in `admin.key_file` and shown once, on standard error.
// Error: kUnavailable, naming the key file.
Result<admin::ApiSettings> api_settings(const Settings& settings);

// Whether an item of a file can be served, as far as that shows without the others. Error: kInvalid.
Status check_item(const chain::Catalog& catalog, const store::Key& key, const json::Value& value);

}  // namespace sallyport::app
