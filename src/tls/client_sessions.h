#pragma once
// Sessions with upstreams that a later handshake goes on with (RFC 8446 2.2, RFC 5077): it needs no certificates, since
// the first one has shown and verified them. Belongs to one worker.

#include "base/clock.h"
#include "tls/openssl_ptr.h"

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::tls {

using SessionPtr = std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>>;

// The last session with one peer. Connections that are still open share it, so that a ticket that comes late is kept.
struct ClientSession {
  SessionPtr session;  // null: there is none
  SteadyTime since;    // of the full handshake that it goes back to
};
using ClientSessionPtr = std::shared_ptr<ClientSession>;

class ClientSessions final {
 public:
  static constexpr std::size_t kMost = 1024;             // peers; whose turn was longest ago is forgotten
  static constexpr Milliseconds kLifetime{10 * 60'000};  // of a session; then certificates are verified anew

  // Of the peer with this key, which says all that decides whom a handshake trusts. Never null.
  ClientSessionPtr of(std::string_view key, SteadyTime now);
  std::size_t size() const noexcept { return order_.size(); }

 private:
  struct Entry {
    std::string key;
    ClientSessionPtr session = std::make_shared<ClientSession>();
  };
  using Order = std::list<Entry>;

  Order order_;  // last used first
  std::unordered_map<std::string_view, Order::iterator> by_key_;
};

// Lets `ssl`, a client's that has not begun, go on with the session, and keeps there what the peer gives.
void use_session(SSL& ssl, ClientSessionPtr session);
// Once for a context whose connections use sessions.
void keep_sessions(SSL_CTX& context);
// After a handshake: notes when it was a full one; one that failed is not tried with the same session again.
void note_handshake(SSL& ssl, ClientSession& session, bool succeeded, SteadyTime now);

}  // namespace sallyport::tls
