#pragma once
// Whom a handshake of TLS is made with for one request. Pure functions.

#include "base/result.h"
#include "upstream/cluster.h"
#include "upstream/connection_pool.h"

#include <string_view>

namespace sallyport::upstream {

// The server name of `host[:port]`: without port, and an IPv6 address without brackets.
std::string_view server_name_of(std::string_view host);

// `cluster` speaks TLS. `host` is what the request says in Host; `named` is the certificate of the cluster's
// `identity_id`, or null. Error: kUnavailable, side upstream, when that is missing.
Result<TlsPeer> tls_peer(const Cluster& cluster, std::string_view host, tls::ClientIdentityPtr named);

}  // namespace sallyport::upstream
