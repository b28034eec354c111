#include "upstream/tls_peer.h"

#include <utility>

namespace sallyport::upstream {

std::string_view server_name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

Result<TlsPeer> tls_peer(const Cluster& cluster, std::string_view host, tls::ClientIdentityPtr named) {
  const ClusterTls& tls = *cluster.tls();
  TlsPeer peer{std::string(server_name_of(host)), tls.verify, tls.identity,
               cluster.speaks_http2() ? tls::Offer::kHttp2 : tls::Offer::kNothing};
  if (tls.identity_id.empty()) return peer;
  if (!named) {
    return fail(Error{ErrorCode::kUnavailable,
                      "upstream.tls.client_cert_id: there is no ssls/" + tls.identity_id + " of the type client",
                      Side::kUpstream, Retry::kNever});
  }
  peer.identity = std::move(named);
  return peer;
}

}  // namespace sallyport::upstream
