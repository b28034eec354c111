#pragma once
// Plugins that are handed in while the gateway runs: what the store has of them, and their types in the catalog,
// brought from one state to the next as a whole. What does not work with everything that uses it changes nothing.
// Belongs to the control thread. Whoever changes something holds Services::changes.

#include "admin/services.h"
#include "base/result.h"
#include "chain/live_types.h"
#include "json/value.h"
#include "snapshot/snapshot_builder.h"
#include "source/fetcher.h"
#include "source/spec.h"
#include "store/store.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::chain {
class Catalog;
}
namespace sallyport::store {
class BlobFolder;
}

namespace sallyport::admin {

class LivePlugins {
 public:
  struct Settings {
    std::size_t max_bytes = 64u << 20;            // of the code of one version
    std::size_t keep_versions = 8;                // of each plugin
    std::set<std::string, std::less<>> reserved;  // names that are not given away, though the catalog has none such
  };

  // What is handed in: new code, or none: that of the version in force, with other settings.
  struct Code {
    std::string name;
    std::shared_ptr<const std::string> bytes;  // null: what `sha256` names is kept already
    std::string sha256;
    json::Value settings;
    json::Value source;     // where the code came from; null: it was handed in itself
    std::string validator;  // of the fetch that brought `bytes`; or empty
  };

  // What becomes of a resource that a plugin refuses in its new form: then nothing changes; or it stays as it is, which
  // is right where its plugin fails anyway.
  enum class Misfits { kRefuse, kLeave };

  // `blobs`: null where nothing can be kept. All outlive it.
  LivePlugins(Services& services, store::BlobFolder* blobs) : services_(services), blobs_(blobs) {}

  // Before `load`; from then on for what is handed in.
  void use(std::shared_ptr<chain::LiveTypes> types, Settings settings) {
    types_ = std::move(types);
    settings_ = std::move(settings);
  }
  const Settings& settings() const noexcept { return settings_; }
  const chain::LiveTypes& types() const noexcept { return *types_; }

  // Adds the type of every stored plugin to `catalog`; kMadeAtOnce of them are made at once, as compiling takes seconds
  // and memory. Of one that cannot be made the last good type stays, or one that fails in each exchange takes its
  // place; one whose name the catalog has already is left out. Returns what is wrong, in the order of the store.
  static constexpr std::size_t kMadeAtOnce = 4;
  Task<std::vector<std::string>> load(chain::Catalog& catalog);

  // The code that `source` names, fetched unless it is there and need not be; `present` is what the store has, or null.
  // Errors: of source::read_spec and of the fetch.
  Task<Result<Code>> fetch_code(std::string name, json::Value source, json::Value settings, store::EntryPtr present);

  // What is stored of code of `size` bytes, as the next version of `present`, which may be null.
  json::Value value_with(const store::EntryPtr& present, const Code& code, const chain::LiveType& made,
                         std::size_t size) const;

  // The type of code, without effect yet; needs no lock. Error: kInvalid with the reason.
  Task<Result<chain::LiveType>> make(const Code& code);

  // Brings `made` into force: compiled for everything that uses it, stored as `value`, served. `code` stays valid until
  // the Task ends. Error: kInvalid, naming the resource that does not go with it; those of the store.
  Task<Result<store::EntryPtr>> put(const Code& code, chain::LiveType made, json::Value value, store::Expected expected,
                                    Misfits misfits = Misfits::kRefuse);

  // Brings a type into force that somebody else keeps, in place of the one of its name. Error: kInvalid, naming the
  // resource that does not go with it.
  Task<Status> put_type(std::shared_ptr<const chain::PluginType> type, Misfits misfits);

  // Error: kNotFound.
  Task<Status> remove(std::string name);

  // "route [1]" ...: what names the plugin.
  Task<Result<std::vector<std::string>>> users(std::string name);

  // Removes code that no version has any more.
  Task<void> forget_unused();

  // The code of a hash. Error: kUnavailable.
  Result<std::string> code(const std::string& sha256) const;

  store::Key key_of(std::string name) const { return {std::string(types_->kind()), std::move(name)}; }

 private:
  using Items = std::vector<snapshot::Item>;
  struct Stored {
    store::EntryPtr entry;
    chain::LiveCode code;
    bool is_left_out = false;
    std::optional<Result<chain::LiveType>> made;  // once it is
  };

  // Reads the code of a hash on any thread, also when this object has gone.
  std::function<Result<std::string>()> reader_of(std::string sha256) const;
  Task<Result<Items>> items_with(std::string name);
  std::vector<Stored> stored_of(std::vector<store::EntryPtr> entries, const chain::Catalog& catalog) const;
  Task<void> make_all(std::vector<Stored>& stored);
  Task<void> make_next(std::vector<Stored>& stored, std::size_t& next, std::shared_ptr<chain::LiveTypes> types);
  std::string take_loaded(Stored& stored, chain::Catalog& catalog);
  Result<chain::Catalog> catalog_with(const chain::LiveType& made) const;
  Task<Result<snapshot::SnapshotBuilder::Change>> prepare(const chain::Catalog& next, std::string name,
                                                          Misfits misfits);
  Task<Status> serve(chain::Catalog next, snapshot::SnapshotBuilder::Change change, std::string_view name);

  // Sources (admin/live_sources.cpp).
  std::string kept_hash(const source::Spec& spec, const store::EntryPtr& present) const;
  void follow_source(const std::string& name, const json::Value& value, const Code* fresh);
  Task<Status> take_fetched(std::string name, source::Spec spec, source::Fetched fetched);

  Services& services_;
  store::BlobFolder* blobs_;
  std::shared_ptr<chain::LiveTypes> types_;
  Settings settings_;
  std::map<std::string, std::shared_ptr<const chain::PluginType>, std::less<>> present_;  // in the catalog
  std::set<std::string, std::less<>> failed_;  // of these: those that could not be made
};

}  // namespace sallyport::admin
