#include "proxy/ssl_certificates.h"

#include "tls/certificate.h"

namespace sallyport::proxy {

std::string SslCertificates::text(End end, Text text) const {
  X509* certificate = end == End::kLocal ? SSL_get_certificate(&ssl_) : SSL_get0_peer_certificate(&ssl_);
  if (!certificate) return {};
  switch (text) {
    case Text::kSubject:
      return tls::subject_text(*certificate);
    case Text::kDnsName:
      return tls::dns_name_text(*certificate);
    case Text::kUri:
      return tls::uri_text(*certificate);
    case Text::kSha256:
      return tls::sha256_text(*certificate);
  }
  return {};
}

}  // namespace sallyport::proxy
