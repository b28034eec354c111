#pragma once
// The certificates of `ssls` resources that the gateway shows to upstreams, by id. Immutable, shared by all workers.

#include "tls/client_context.h"

#include <functional>
#include <map>
#include <string>

namespace sallyport::snapshot {

using ClientIdentities = std::map<std::string, tls::ClientIdentityPtr, std::less<>>;

}  // namespace sallyport::snapshot
