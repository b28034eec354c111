#include "admin/resource_checks.h"

#include "resources/global_rule.h"
#include "resources/references.h"
#include "snapshot/resource_check.h"

#include <algorithm>

namespace sallyport::admin {

Status check_value(const resources::KindInfo& info, const json::Value& value, const chain::Catalog& catalog,
                   const resources::SecretLookup& secrets) {
  return snapshot::check_alone(catalog, info.kind, value, secrets, "invalid configuration: ");
}

Task<Status> check_among_others(store::Store& store, const resources::KindInfo& info, const json::Value& value) {
  for (const resources::Reference& reference : resources::references_of(info.kind, value)) {
    store::Key key{std::string(resources::info(reference.kind).folder), reference.id};
    CO_TRY(store::EntryPtr found, co_await store.get(std::move(key)));
    if (!found) co_return fail(ErrorCode::kInvalid, resources::missing(reference));
  }
  if (info.kind != resources::Kind::kGlobalRule) co_return Status();
  CO_TRY(auto rules, co_await store.list(std::string(info.folder)));
  for (const store::EntryPtr& rule : rules) CO_TRY_STATUS(resources::check_against(value, rule->value));
  co_return Status();
}

Task<Status> check_unused(store::Store& store, const resources::KindInfo& info, std::string id) {
  resources::Reference wanted{info.kind, std::move(id)};
  for (const resources::KindInfo& user : resources::kinds()) {
    CO_TRY(auto entries, co_await store.list(std::string(user.folder)));
    for (const store::EntryPtr& entry : entries) {
      auto references = resources::references_of(user.kind, entry->value);
      if (std::find(references.begin(), references.end(), wanted) == references.end()) continue;
      co_return fail(ErrorCode::kInvalid, resources::still_used(info.kind, {user.kind, entry->key.id}));
    }
  }
  co_return Status();
}

}  // namespace sallyport::admin
