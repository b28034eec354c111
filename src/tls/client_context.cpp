#include "tls/client_context.h"

#include "tls/system_authorities.h"

#include <openssl/x509v3.h>

#include <utility>

namespace sallyport::tls {
namespace {

// An address is checked as such, and is no name to ask for (RFC 6066 3).
bool set_peer(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1) return true;
  ERR_clear_error();
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 && SSL_set1_host(ssl, name.c_str()) == 1;
}

}  // namespace

Result<ClientIdentityPtr> make_client_identity(std::string_view certificate_pem, std::string_view key_pem) {
  auto identity = std::make_shared<ClientIdentity>();
  TRY(identity->pair, KeyPair::parse(certificate_pem, key_pem));
  identity->digest = fingerprint_text(*identity->pair->certificate);
  return identity;
}

Result<std::unique_ptr<ClientContext>> ClientContext::open(const std::string& trusted) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  keep_sessions(*context);
  const bool is_system = trusted.empty() || trusted == "system";
  if (is_system) {
    trust_system(*context);
  } else if (SSL_CTX_load_verify_file(context.get(), trusted.c_str()) != 1) {
    return fail(ErrorCode::kInvalid,
                trusted + " cannot be read: " + take_openssl_error() + "; give a file of certificates in PEM");
  }
  ERR_clear_error();
  return std::unique_ptr<ClientContext>(new ClientContext(std::move(context)));
}

SslPtr ClientContext::begin(const std::string& server_name, Verify verify, const ClientIdentity* identity, Offer offer,
                            ClientSessionPtr session) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || (!server_name.empty() && !set_peer(ssl.get(), server_name))) return nullptr;
  if (verify == Verify::kYes) SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);
  if (identity && identity->pair) {
    const KeyPair& pair = *identity->pair;
    if (SSL_use_cert_and_key(ssl.get(), pair.certificate.get(), pair.key.get(), pair.chain.get(), 1) != 1) {
      return nullptr;
    }
  }
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  if (offer == Offer::kHttp2 && SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2) != 0) return nullptr;
  if (session) use_session(*ssl, std::move(session));
  SSL_set_connect_state(ssl.get());
  return ssl;
}

bool has_chosen_http2(SSL& ssl) noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(&ssl, &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

std::string fault_of_peer(SSL& ssl) {
  long verdict = SSL_get_verify_result(&ssl);
  if (verdict == X509_V_OK || SSL_get_verify_mode(&ssl) == SSL_VERIFY_NONE) return "";
  return X509_verify_cert_error_string(verdict);
}

}  // namespace sallyport::tls
