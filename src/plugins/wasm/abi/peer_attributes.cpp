#include "plugins/wasm/abi/peer_attributes.h"

#include <string>

namespace sallyport::wasm::abi {
namespace {

using exchange::Exchange;

Value copied(const Exchange& exchange, const std::string& text) { return text_if_any(exchange.arena.copy(text)); }

}  // namespace

Value client_certificate(const HttpContext& http, Certificates::End end, Certificates::Text text) {
  const exchange::ClientTls* tls = http.exchange.tls;
  if (!tls || !tls->certificates) return std::nullopt;
  return copied(http.exchange, tls->certificates->text(end, text));
}

Value upstream_certificate(const HttpContext& http, Certificates::End end, Certificates::Text text) {
  const exchange::UpstreamFacts* upstream = http.exchange.upstream;
  return upstream ? copied(http.exchange, upstream->certificate(end, text)) : std::nullopt;
}

Value termination_details(const HttpContext& http) {
  if (!http.ended || !http.exchange.broken_off) return std::nullopt;
  return text_if_any(http.exchange.reason);
}

Value cluster_name(const HttpContext& http) {
  const exchange::UpstreamFacts* upstream = http.exchange.upstream;
  return upstream ? text_if_any(upstream->name()) : std::nullopt;
}

Value upstream_nodes(const HttpContext& http) {
  const exchange::UpstreamFacts* upstream = http.exchange.upstream;
  const std::size_t nodes = upstream ? upstream->nodes() : 0;
  return nodes == 0 ? std::nullopt : bytes_of(http.exchange, nodes);
}

Value upstream_local_address(const HttpContext& http) {
  const exchange::UpstreamFacts* upstream = http.exchange.upstream;
  return upstream ? copied(http.exchange, upstream->local_address()) : std::nullopt;
}

Value upstream_tls_version(const HttpContext& http) {
  const exchange::UpstreamFacts* upstream = http.exchange.upstream;
  return upstream ? text_if_any(upstream->tls_version()) : std::nullopt;
}

Value upstream_failure(const HttpContext& http) { return text_if_any(http.exchange.connect_failure); }

}  // namespace sallyport::wasm::abi
