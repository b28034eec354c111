#include "admin/live_plugins.h"

#include "admin/answers.h"
#include "admin/live_value.h"
#include "async/side_by_side.h"
#include "base/log.h"
#include "chain/catalog.h"
#include "resources/kinds.h"
#include "resources/plugin_confs.h"
#include "snapshot/snapshot_builder.h"
#include "source/watcher.h"
#include "store/blob_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::admin {
namespace {

bool names_plugin(const json::Value& resource, std::string_view name) {
  auto confs = resources::plugin_confs_from(resource);
  return confs && resources::find_conf(*confs, name);
}

}  // namespace

Task<std::vector<std::string>> LivePlugins::load(chain::Catalog& catalog) {
  std::vector<std::string> problems;
  auto entries = co_await services_.store->list(std::string(types_->kind()));
  if (!entries) {
    problems.push_back(entries.error().what);
    co_return problems;
  }
  std::vector<Stored> stored = stored_of(std::move(*entries), catalog);
  co_await make_all(stored);
  for (Stored& one : stored) {
    std::string problem = take_loaded(one, catalog);
    if (!problem.empty()) problems.push_back(key_text(one.entry->key) + ": " + problem);
  }
  std::erase_if(present_, [&](const auto& known) { return catalog.share(known.first) != known.second; });
  co_return problems;
}

std::vector<LivePlugins::Stored> LivePlugins::stored_of(std::vector<store::EntryPtr> entries,
                                                        const chain::Catalog& catalog) const {
  std::vector<Stored> stored;
  stored.reserve(entries.size());
  for (store::EntryPtr& entry : entries) {
    std::string hash = entry->value.string_or("sha256", "");
    chain::LiveCode code{entry->key.id, settings_of(entry->value), hash, reader_of(hash)};
    const bool is_taken = catalog.find(entry->key.id) != nullptr;
    stored.push_back({std::move(entry), std::move(code), is_taken, std::nullopt});
  }
  return stored;
}

Task<void> LivePlugins::make_all(std::vector<Stored>& stored) {
  std::size_t next = 0;
  std::vector<Task<void>> makers;
  for (std::size_t i = 0; i < std::min(kMadeAtOnce, stored.size()); ++i) {
    makers.push_back(make_next(stored, next, types_));
  }
  async::SideBySide all(std::move(makers));
  co_await all;
}

Task<void> LivePlugins::make_next(std::vector<Stored>& stored, std::size_t& next,
                                  std::shared_ptr<chain::LiveTypes> types) {
  while (next < stored.size()) {
    Stored& one = stored[next++];
    if (one.is_left_out) continue;
    one.made = co_await types->make(one.code);
  }
}

// Returns what is wrong with it, or nothing.
std::string LivePlugins::take_loaded(Stored& stored, chain::Catalog& catalog) {
  if (stored.is_left_out) {
    return "another plugin has this name now, which serves in its place; rename that one, or delete this one";
  }
  const std::string& name = stored.entry->key.id;
  Result<chain::LiveType>& made = *stored.made;
  auto known = present_.find(name);
  std::shared_ptr<const chain::PluginType> type;
  std::string problem = made ? "" : made.error().what;
  failed_.erase(name);
  if (made) {
    type = std::move(made->type);
  } else if (known != present_.end()) {
    problem += "; it stays as it was";
    type = known->second;
  } else {
    problem += "; until it is put again, what uses it answers as with a plugin that fails";
    type = types_->make_failed(stored.code, std::move(made).error());
    failed_.insert(name);
  }
  catalog.add(type);
  present_.insert_or_assign(name, std::move(type));
  follow_source(name, stored.entry->value, nullptr);
  return problem;
}

Task<Result<chain::LiveType>> LivePlugins::make(const Code& code) {
  auto read = [bytes = code.bytes, kept = reader_of(code.sha256)]() -> Result<std::string> {
    return bytes ? Result<std::string>(*bytes) : kept();
  };
  // With a reload meanwhile, others take the place of these types.
  std::shared_ptr<chain::LiveTypes> types = types_;
  chain::LiveCode live{code.name, code.settings, code.sha256, read};
  co_return co_await types->make(std::move(live));
}

Task<Result<store::EntryPtr>> LivePlugins::put(const Code& code, chain::LiveType made, json::Value value,
                                               store::Expected expected, Misfits misfits) {
  CO_TRY(chain::Catalog next, catalog_with(made));
  auto change = co_await prepare(next, code.name, misfits);
  if (!change) co_return fail(std::move(change).error());
  if (code.bytes) CO_TRY_STATUS(blobs_->put(*code.bytes));
  auto stored = co_await services_.store->put(key_of(code.name), std::move(value), expected);
  if (stored) {
    present_.insert_or_assign(code.name, std::move(made.type));
    failed_.erase(code.name);
    follow_source(code.name, (*stored)->value, &code);
    if (Status served = co_await serve(std::move(next), *std::move(change), code.name); !served) {
      co_return fail(std::move(served).error());
    }
  }
  co_await forget_unused();
  co_return stored;
}

Task<Status> LivePlugins::put_type(std::shared_ptr<const chain::PluginType> type, Misfits misfits) {
  const std::string name(type->name());
  chain::Catalog next = *services_.catalog;
  next.put(std::move(type));
  auto change = co_await prepare(next, name, misfits);
  if (!change) co_return fail(std::move(change).error());
  co_return co_await serve(std::move(next), *std::move(change), name);
}

Task<Status> LivePlugins::remove(std::string name) {
  chain::Catalog next = *services_.catalog;
  if (present_.contains(name)) next.remove(name);
  auto change = co_await prepare(next, name, Misfits::kRefuse);
  if (!change) co_return fail(std::move(change).error());
  CO_TRY(bool was_there, co_await services_.store->remove(key_of(name), {}));
  if (!was_there) co_return fail(ErrorCode::kNotFound, "Key not found");
  const bool has_served = present_.erase(name) > 0;
  failed_.erase(name);
  if (has_served && services_.watcher) services_.watcher->forget(name);
  Status served = co_await serve(std::move(next), *std::move(change), name);
  co_await forget_unused();
  co_return served;
}

Task<Result<std::vector<std::string>>> LivePlugins::users(std::string name) {
  CO_TRY(Items items, co_await items_with(std::move(name)));
  std::vector<std::string> names;
  for (const snapshot::Item& item : items) {
    names.push_back(fmt::format("{} [{}]", resources::find_kind(item.kind)->schema_name, item.id));
  }
  co_return names;
}

Result<std::string> LivePlugins::code(const std::string& sha256) const { return reader_of(sha256)(); }

std::function<Result<std::string>()> LivePlugins::reader_of(std::string sha256) const {
  auto blobs = blobs_ ? std::make_optional(*blobs_) : std::nullopt;
  return [blobs, hash = std::move(sha256), store = services_.store->describe()]() -> Result<std::string> {
    if (blobs) return blobs->read(hash);
    return fail(ErrorCode::kUnavailable, store + " keeps no code of plugins");
  };
}

Task<Result<LivePlugins::Items>> LivePlugins::items_with(std::string name) {
  Items items;
  for (const resources::KindInfo& info : resources::kinds()) {
    CO_TRY(auto entries, co_await services_.store->list(std::string(info.folder)));
    for (const store::EntryPtr& entry : entries) {
      if (names_plugin(entry->value, name)) items.push_back({entry->key.kind, entry->key.id, entry->value});
    }
  }
  co_return items;
}

Result<chain::Catalog> LivePlugins::catalog_with(const chain::LiveType& made) const {
  std::string_view name = made.type->name();
  bool is_taken = services_.catalog->find(name) && !present_.contains(name);
  if (is_taken || settings_.reserved.contains(name)) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is the name of another plugin of this gateway; choose one that "
                                                 "neither it nor its settings have",
                                                 name));
  }
  chain::Catalog next = *services_.catalog;
  next.put(made.type);
  return next;
}

// What was not in force before cannot get worse.
Task<Result<snapshot::SnapshotBuilder::Change>> LivePlugins::prepare(const chain::Catalog& next, std::string name,
                                                                     Misfits misfits) {
  CO_TRY(Items items, co_await items_with(std::move(name)));
  auto change = co_await services_.builder->prepare_types(next, std::move(items));
  for (const snapshot::Rejected& rejected : change.rejected()) {
    std::string where = rejected.kind + "/" + rejected.id;
    const bool is_served = services_.builder->serves(rejected.kind, rejected.id);
    if (is_served && misfits == Misfits::kRefuse) co_return fail_at(where, rejected.error);
    log::warn("{}: is still not served: {}", where, rejected.error.what);
  }
  co_return std::move(change);
}

Task<Status> LivePlugins::serve(chain::Catalog next, snapshot::SnapshotBuilder::Change change, std::string_view name) {
  *services_.catalog = std::move(next);
  auto snapshot = services_.builder->commit(std::move(change));
  if (!snapshot) {
    log::error("{}/{} is stored but not served: {}", types_->kind(), name, snapshot.error().what);
    co_return fail(ErrorCode::kInternal, "stored, but not served yet: " + snapshot.error().what);
  }
  co_await services_.publish(*std::move(snapshot));
  co_return Status();
}

Task<void> LivePlugins::forget_unused() {
  if (!blobs_) co_return;
  auto entries = co_await services_.store->list(std::string(types_->kind()));
  if (!entries) co_return;
  std::set<std::string> names;
  for (const store::EntryPtr& entry : *entries) add_hashes(entry->value, names);
  blobs_->keep_only(names);
}

}  // namespace sallyport::admin
