#include "tls/server_context.h"

#include "base/bytes.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>

namespace sallyport::tls {
namespace {

constexpr int kNameLength = 16;
constexpr long kSessionSeconds = 600;

// Where an SSL finds its ServerHandshake.
int handshake_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// What the client may go on with, in the server's order (RFC 7301 3.2).
constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
constexpr std::size_t kHttp2Name = 3;

// Others have no place in a name (RFC 6066 3), and names are shown in logs.
bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
}

// The host_name of the server_name extension (RFC 6066 3). False: it is malformed.
bool read_server_name(SSL* ssl, std::string& name) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1) return true;
  constexpr std::size_t kHead = 5;  // two bytes of the list's length, the type, two of the name's
  if (size <= kHead || bytes[2] != TLSEXT_NAMETYPE_host_name) return false;
  std::size_t list = bytes[0] * 256u + bytes[1], length = bytes[3] * 256u + bytes[4];
  if (list + 2 != size || length + kHead != size || length > TLSEXT_MAXLEN_host_name) return false;
  name = to_lower(std::string_view(reinterpret_cast<const char*>(bytes) + kHead, length));
  return std::ranges::all_of(name, is_of_a_name);
}

bool set_mac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
                         OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

bool speaks_http2(const SSL& ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(&ssl, &name, &size);
  return size != 0 && std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

ServerContext::ServerContext(const ServerOptions& options)
    : fallback_name_(to_lower(options.fallback_name)),
      ticket_keys_(options.ticket_lifetime),
      context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_min_proto_version(context, openssl_version(options.protocols.least));
  SSL_CTX_set_max_proto_version(context, openssl_version(options.protocols.most));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // what is resumed travels in tickets
  SSL_CTX_set_timeout(context, kSessionSeconds);
  SSL_CTX_set_num_tickets(context, options.resumes_sessions ? 1 : 0);
  if (!options.resumes_sessions) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, this);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_tlsext_status_cb(context, on_status_request);
}

Result<std::unique_ptr<ServerContext>> ServerContext::open(const ServerOptions& options) {
  std::unique_ptr<ServerContext> context(new ServerContext(options));
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context->context_.get(), options.ciphers.c_str()) != 1) {
    return fail(ErrorCode::kInvalid, "no cipher of \"" + options.ciphers + "\" is known: " + take_openssl_error());
  }
  return context;
}

SslPtr ServerContext::begin(ServerHandshake& handshake) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return ssl;
  handshake.ticket_keys = &ticket_keys_;
  SSL_set_ex_data(ssl.get(), handshake_index(), &handshake);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

// Called before anything else of the client's first message is looked at: what session it may resume is decided by the
// rule, too.
int ServerContext::on_client_hello(SSL* ssl, int* alert, void* self) {
  auto& handshake = *static_cast<ServerHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
  if (!read_server_name(ssl, handshake.server_name)) {
    *alert = SSL_AD_DECODE_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  handshake.name_is_known = true;
  const std::string& fallback = static_cast<ServerContext*>(self)->fallback_name_;
  if (handshake.names)
    handshake.rule = handshake.names->find(handshake.server_name.empty() ? fallback : handshake.server_name);
  if (handshake.rule && handshake.rule->apply(*ssl)) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = handshake.rule ? SSL_AD_INTERNAL_ERROR : SSL_AD_UNRECOGNIZED_NAME;
  return SSL_CLIENT_HELLO_ERROR;
}

// Returns as SSL_CTX_set_tlsext_ticket_key_evp_cb wants it: -1 failure, 0 a full handshake, 1 done, 2 done and due for
// renewal.
int ServerContext::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                             int seals) {
  auto& handshake = *static_cast<ServerHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
  TicketKeys& keys = *handshake.ticket_keys;
  auto key = seals ? keys.current(now()) : keys.find(name, now());
  if (!key) return seals ? -1 : 0;
  if (seals) {
    std::copy_n(key->name.begin(), kNameLength, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  }
  auto init = seals ? EVP_EncryptInit_ex : EVP_DecryptInit_ex;
  bool done = init(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 && set_mac(mac, *key);
  OPENSSL_cleanse(&*key, sizeof *key);
  return done ? 1 : -1;
}

// Called where the client asks (RFC 6066 8), once its certificate is chosen. What is not there yet is not waited for.
int ServerContext::on_status_request(SSL* ssl, void*) {
  auto& handshake = *static_cast<ServerHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
  const Staple* staple = handshake.rule ? handshake.rule->staple_of(SSL_get_certificate(ssl)) : nullptr;
  const auto answer = staple ? staple->shown(std::chrono::system_clock::now()) : nullptr;
  if (!answer) return SSL_TLSEXT_ERR_NOACK;
  void* bytes = OPENSSL_memdup(answer->bytes.data(), answer->bytes.size());
  if (!bytes) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, bytes, static_cast<long>(answer->bytes.size()));  // frees it
  return SSL_TLSEXT_ERR_OK;
}

int ServerContext::on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                                const unsigned char* offered, unsigned int offered_size, void*) {
  auto& handshake = *static_cast<ServerHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
  const std::size_t left_out = handshake.offers_http2 ? 0 : kHttp2Name;
  unsigned char* found = nullptr;
  int result = SSL_select_next_proto(&found, chosen_size, kProtocols + left_out,
                                     static_cast<unsigned>(sizeof kProtocols - 1 - left_out), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace sallyport::tls
