#include "proxy/client_tls.h"

#include "tls/certificate.h"

namespace sallyport::proxy {

exchange::ClientTls describe(SSL& ssl, const tls::ServerHandshake& handshake) {
  exchange::ClientTls facts;
  facts.protocol = SSL_get_version(&ssl);
  facts.cipher = SSL_get_cipher_name(&ssl);
  facts.server_name = handshake.server_name;
  facts.resumed = SSL_session_reused(&ssl) == 1;
  X509* certificate = SSL_get0_peer_certificate(&ssl);
  if (!certificate) return facts;
  long verdict = SSL_get_verify_result(&ssl);
  facts.verdict = verdict == X509_V_OK ? "SUCCESS" : std::string("FAILED:") + X509_verify_cert_error_string(verdict);
  facts.subject = tls::subject_text(*certificate);
  facts.issuer = tls::issuer_text(*certificate);
  facts.serial = tls::serial_text(*certificate);
  facts.fingerprint = tls::fingerprint_text(*certificate);
  return facts;
}

telemetry::Handshake kind_of_handshake(SSL& ssl) {
  using telemetry::Handshake;
  const bool resumed = SSL_session_reused(&ssl) == 1;
  if (SSL_version(&ssl) == TLS1_3_VERSION) return resumed ? Handshake::kResumed13 : Handshake::kFull13;
  return resumed ? Handshake::kResumed12 : Handshake::kFull12;
}

}  // namespace sallyport::proxy
