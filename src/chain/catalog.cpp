#include "chain/catalog.h"

#include "base/log.h"
#include "base/setting_text.h"
#include "chain/meta.h"
#include "json/parse.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace sallyport::chain {
namespace {

json::Schema compile_with_meta(const PluginType& type) {
  auto schema = json::Schema::compile(with_meta(type.schema().source()));
  if (schema) return std::move(*schema);
  log::error("schema of plugin {}: {}", type.name(), schema.error().what);
  std::abort();  // the plugin's own schema compiled: only the program can be wrong
}

}  // namespace

void Catalog::add(std::shared_ptr<const PluginType> type) {
  json::Schema schema = compile_with_meta(*type);
  entries_.push_back(Entry{std::move(type), std::move(schema)});
}

void Catalog::put(std::shared_ptr<const PluginType> type) {
  remove(type->name());
  add(std::move(type));
}

void Catalog::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.type->name() == name; });
}

void Catalog::keep_only(const std::vector<std::string>& names) {
  std::erase_if(entries_, [&](const Entry& entry) {
    const std::string_view name = entry.type->name();
    if (std::ranges::find(names, name) != names.end()) return false;
    explain_absence(std::string(name), "the list `plugins` in the settings leaves it out; add it there");
    return true;
  });
}

void Catalog::explain_absence(std::string name, std::string what_to_do) {
  absent_.insert_or_assign(std::move(name), std::move(what_to_do));
}

const Catalog::Entry* Catalog::entry(std::string_view name) const noexcept {
  auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.type->name() == name; });
  return found == entries_.end() ? nullptr : &*found;
}

const PluginType* Catalog::find(std::string_view name) const noexcept {
  const Entry* found = entry(name);
  return found ? found->type.get() : nullptr;
}

std::shared_ptr<const PluginType> Catalog::share(std::string_view name) const noexcept {
  const Entry* found = entry(name);
  return found ? found->type : nullptr;
}

const json::Schema* Catalog::schema(std::string_view name) const noexcept {
  const Entry* found = entry(name);
  return found ? &found->schema : nullptr;
}

std::vector<const PluginType*> Catalog::by_priority() const {
  std::vector<const PluginType*> types;
  for (const Entry& entry : entries_) {
    auto behind_equals =
        std::ranges::upper_bound(types, entry.type->priority(), std::ranges::greater{}, &PluginType::priority);
    types.insert(behind_equals, entry.type.get());
  }
  return types;
}

// "; ..." or nothing.
std::string Catalog::hint_about(std::string_view unknown) const {
  if (auto known = absent_.find(unknown); known != absent_.end()) return "; " + known->second;
  std::vector<std::string_view> names(entries_.size());
  std::ranges::transform(entries_, names.begin(), [](const Entry& entry) { return entry.type->name(); });
  return did_you_mean(unknown, names);
}

Status Catalog::check(std::string_view name, const json::Value& conf) const {
  if (!conf.is_object()) {
    return fail(ErrorCode::kInvalid,
                "invalid plugin conf " + json::print(conf) + " for plugin [" + std::string(name) + "]");
  }
  const Entry* known = entry(name);
  if (!known) return fail(ErrorCode::kInvalid, "unknown plugin [" + std::string(name) + "]" + hint_about(name));
  if (is_disabled(conf)) return {};
  auto failed = [&](const Error& error) {
    return fail(ErrorCode::kInvalid,
                "failed to check the configuration of plugin " + std::string(name) + " err: " + error.what);
  };
  if (Status fits = known->schema.check(conf); !fits) return failed(fits.error());
  if (auto meta = Meta::of(conf); !meta) return failed(meta.error());
  return {};
}

}  // namespace sallyport::chain
