#pragma once
// Whether a resource may be stored, and whether one may go. The texts are APISIX's.

#include "admin/services.h"
#include "base/result.h"
#include "chain/catalog.h"
#include "json/value.h"
#include "resources/kinds.h"
#include "resources/secret.h"
#include "store/store.h"

#include <string>

namespace sallyport::admin {

// The value by itself, as snapshot::check_alone, in the words of the Admin API. Error: kInvalid.
Status check_value(const resources::KindInfo& info, const json::Value& value, const chain::Catalog& catalog,
                   const resources::SecretLookup& secrets = {});

// The value among the others: what it refers to exists, and no other global rule has its plugins.
// Error: kInvalid, or kUnavailable of the store.
Task<Status> check_among_others(store::Store& store, const resources::KindInfo& info, const json::Value& value);

// Error: kInvalid, naming a resource that refers to this one.
Task<Status> check_unused(store::Store& store, const resources::KindInfo& info, std::string id);

}  // namespace sallyport::admin
