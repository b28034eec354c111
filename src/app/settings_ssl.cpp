#include "app/settings_parts.h"
#include "base/bytes.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::uint16_t kDefaultPort = 9443;

// Those of Mozilla's intermediate list that TLS 1.2 has with forward secrecy.
constexpr std::string_view kDefaultCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// Words between spaces, as in nginx.
void read_protocols(Section& ssl, SslSettings& to) {
  std::string text = "TLSv1.2 TLSv1.3";
  ssl.read("ssl_protocols", text);
  to.tls12 = to.tls13 = false;
  std::string_view rest = text;
  while (!(rest = trim(rest)).empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (word == "TLSv1.2") {
      to.tls12 = true;
    } else if (word == "TLSv1.3") {
      to.tls13 = true;
    } else if (word == "TLSv1" || word == "TLSv1.1") {
      ssl.warn("ssl_protocols", fmt::format("names {}, which is not spoken: it is not secure", word));
    } else {
      ssl.error("ssl_protocols", fmt::format("names {}, which is unknown; choose of TLSv1.2 and TLSv1.3", word));
    }
  }
  if (!to.tls12 && !to.tls13) ssl.error("ssl_protocols", "leaves nothing to speak; give TLSv1.2, TLSv1.3 or both");
}

}  // namespace

void read_ssl(Section ssl, bool ipv6, SslSettings& to) {
  to.ciphers = kDefaultCiphers;
  to.trusted_certificates = "system";
  listen_everywhere(kDefaultPort, ipv6, to.listen);
  ssl.read("enable", to.enabled);
  read_listens(ssl, "listen", ipv6, to.listen);
  read_protocols(ssl, to);
  ssl.read("ssl_ciphers", to.ciphers);
  ssl.read("ssl_session_tickets", to.session_tickets);
  ssl.read("fallback_sni", to.fallback_sni);
  ssl.read("ssl_trusted_certificate", to.trusted_certificates);
  ssl.finish({"ssl_trusted_combined_path", "enable_http2", "enable_http3", "listen_port", "key_encrypt_salt",
              "ssl_cert", "ssl_cert_key"});
}

}  // namespace sallyport::app
