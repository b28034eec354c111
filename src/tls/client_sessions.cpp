#include "tls/client_sessions.h"

#include <utility>

namespace sallyport::tls {
namespace {

void free_owner(void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ClientSessionPtr*>(owner); }

// Where a connection keeps its share of the session.
int index_of_owner() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_owner);
  return index;
}

// OpenSSL takes a session for broken when its connection ends without a closing alert, which TLS no longer asks for
// (RFC 5246 7.2.1); copies are left alone.
SessionPtr copy_of(SSL_SESSION* session) { return SessionPtr(SSL_SESSION_dup(session)); }

// 0: the session stays the connection's.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* owner = static_cast<ClientSessionPtr*>(SSL_get_ex_data(ssl, index_of_owner()));
  if (owner) (*owner)->session = copy_of(session);
  return 0;
}

}  // namespace

ClientSessionPtr ClientSessions::of(std::string_view key, SteadyTime now) {
  if (auto found = by_key_.find(key); found != by_key_.end()) {
    order_.splice(order_.begin(), order_, found->second);
  } else {
    order_.push_front({.key = std::string(key)});
    by_key_.emplace(order_.front().key, order_.begin());
    if (order_.size() > kMost) {
      by_key_.erase(order_.back().key);
      order_.pop_back();
    }
  }
  const ClientSessionPtr& session = order_.front().session;
  if (now - session->since >= kLifetime) session->session.reset();
  return session;
}

void keep_sessions(SSL_CTX& context) {
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(&context, on_new_session);
}

void use_session(SSL& ssl, ClientSessionPtr session) {
  if (session->session && SSL_SESSION_is_resumable(session->session.get()) == 1) {
    SSL_set_session(&ssl, copy_of(session->session.get()).get());
  }
  auto owner = std::make_unique<ClientSessionPtr>(std::move(session));
  if (SSL_set_ex_data(&ssl, index_of_owner(), owner.get()) == 1) {
    [[maybe_unused]] ClientSessionPtr* kept = owner.release();
  }
}

void note_handshake(SSL& ssl, ClientSession& session, bool succeeded, SteadyTime now) {
  if (!succeeded) {
    session.session.reset();
  } else if (SSL_session_reused(&ssl) != 1) {
    session.since = now;
  }
}

}  // namespace sallyport::tls
