#include "proxy/upstream_facts.h"

#include "proxy/ssl_certificates.h"
#include "tls/tls_stream.h"

namespace sallyport::proxy {

namespace {

constexpr std::string_view kUpstreams = "upstreams/";  // before the ids in the keys of clusters

}  // namespace

std::string_view UpstreamFacts::name() const {
  const upstream::Cluster* own = cluster();
  if (!own || !own->key().starts_with(kUpstreams)) return {};
  const bool is_known_by_name = !own->name().empty() && snapshot_->upstream(own->name()).get() == own;
  return is_known_by_name ? std::string_view(own->name()) : std::string_view(own->key()).substr(kUpstreams.size());
}

std::size_t UpstreamFacts::nodes() const { return cluster() ? cluster()->nodes().size() : 0; }

std::string UpstreamFacts::local_address() const {
  const async::Stream* carrier = connection_ ? connection_.wire().carrier() : nullptr;
  return carrier ? carrier->local_address() : std::string();
}

const SSL* UpstreamFacts::ssl() const noexcept {
  const async::Stream* carrier = connection_ ? connection_.wire().carrier() : nullptr;
  const auto* sealed = dynamic_cast<const tls::TlsStream*>(carrier);
  return sealed ? &sealed->ssl() : nullptr;
}

std::string_view UpstreamFacts::tls_version() const { return ssl() ? SSL_get_version(ssl()) : std::string_view(); }

std::string UpstreamFacts::certificate(exchange::Certificates::End end, exchange::Certificates::Text text) const {
  return ssl() ? SslCertificates(*ssl()).text(end, text) : std::string();
}

}  // namespace sallyport::proxy
