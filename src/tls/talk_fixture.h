#pragma once
// A client and a server of TLS in one thread, over memory, for unit tests; no part of the product.

#include "tls/certificate.h"
#include "tls/client_sessions.h"
#include "tls/server_context.h"
#include "tls/test_certificates_fixture.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::tls {

struct TestClient {
  std::string server_name = "a.example";  // empty: none is named
  const TestCertificate* certificate = nullptr;
  int version = 0;  // 0: the best of both
  SSL_SESSION* session = nullptr;
  bool wants_staple = false;
};

// What both ends have to say about a handshake.
struct Talk {
  bool done = false;
  bool resumed = false;
  std::string protocol;
  std::string subject;  // of the server's certificate
  std::string alert;    // that the client got
  std::string staple;   // what the server has shown of its authority's words
  long verify_result = 0;
  SessionPtr session;  // for a later one
};

inline int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<Talk*>(SSL_get_app_data(ssl))->session.reset(session);
  return 1;
}

inline void move_bytes(SSL* from, SSL* to) {
  char bytes[4096];
  for (int got; (got = BIO_read(SSL_get_wbio(from), bytes, sizeof bytes)) > 0;) BIO_write(SSL_get_rbio(to), bytes, got);
}

inline SslContextPtr client_context(const TestClient& wish) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  if (wish.version != 0) SSL_CTX_set_min_proto_version(context.get(), wish.version);
  if (wish.version != 0) SSL_CTX_set_max_proto_version(context.get(), wish.version);
  if (wish.certificate) SSL_CTX_use_certificate(context.get(), &wish.certificate->certificate());
  if (wish.certificate) SSL_CTX_use_PrivateKey(context.get(), &wish.certificate->key());
  return context;
}

inline SslPtr begin_client(SSL_CTX& context, const TestClient& wish) {
  SslPtr client(SSL_new(&context));
  if (!wish.server_name.empty()) SSL_set_tlsext_host_name(client.get(), wish.server_name.c_str());
  if (wish.session) SSL_set_session(client.get(), wish.session);
  if (wish.wants_staple) SSL_set_tlsext_status_type(client.get(), TLSEXT_STATUSTYPE_ocsp);
  SSL_set_connect_state(client.get());
  return client;
}

inline Talk talk(const ServerContext& context, std::shared_ptr<const ServerNames> names, const TestClient& wish) {
  Talk result;
  ServerHandshake handshake{std::move(names), nullptr, {}};
  SslPtr server = context.begin(handshake);
  SslContextPtr made = client_context(wish);
  SslPtr client = begin_client(*made, wish);
  for (SSL* end : {server.get(), client.get()}) SSL_set_bio(end, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_app_data(client.get(), &result);
  char byte = 'x';
  for (int round = 0; round < 8; ++round) {
    ERR_clear_error();
    int one = SSL_read(client.get(), &byte, 1);
    if (one <= 0 && SSL_get_error(client.get(), one) == SSL_ERROR_SSL) result.alert = take_openssl_error();
    move_bytes(client.get(), server.get());
    bool ready = SSL_do_handshake(server.get()) == 1;
    if (ready && !result.done) SSL_write(server.get(), "x", 1);
    result.done |= ready && one == 1;
    move_bytes(server.get(), client.get());
  }
  result.resumed = SSL_session_reused(client.get()) == 1;
  result.protocol = SSL_get_version(client.get());
  result.verify_result = SSL_get_verify_result(server.get());
  const unsigned char* staple = nullptr;
  const long staple_bytes = SSL_get_tlsext_status_ocsp_resp(client.get(), &staple);
  if (staple_bytes > 0) {
    result.staple.assign(reinterpret_cast<const char*>(staple), static_cast<std::size_t>(staple_bytes));
  }
  if (X509* peer = SSL_get0_peer_certificate(client.get())) result.subject = subject_text(*peer);
  SSL_shutdown(client.get());  // without it, the session counts as broken
  return result;
}

}  // namespace sallyport::tls
