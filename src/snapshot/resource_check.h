#pragma once
// What shows about a resource before it is compiled, without the others: what every way in (Admin API, file) asks
// first.

#include "base/result.h"
#include "chain/catalog.h"
#include "json/value.h"
#include "resources/kinds.h"
#include "resources/secret.h"

#include <string_view>

namespace sallyport::snapshot {

// The schema of the kind, its rules, the confs of its plugins. `schema_prefix` goes before what the schema says, as
// with `resources::check`. Without `secrets`, what refers to some is left to those who compile it.
// Error: kInvalid with APISIX's words.
Status check_alone(const chain::Catalog& catalog, resources::Kind kind, const json::Value& value,
                   const resources::SecretLookup& secrets, std::string_view schema_prefix = "");

}  // namespace sallyport::snapshot
