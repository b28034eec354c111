#pragma once
// How the router of this gateway decides, which is one setting for all routes.

#include "base/result.h"

#include <string_view>

namespace sallyport::route {

enum class RouterKind { kHostUri, kUri, kUriWithParameter };

// The kind by its name in `apisix.router.http`. Error: kInvalid, naming the ones there are.
Result<RouterKind> router_kind(std::string_view name);

}  // namespace sallyport::route
