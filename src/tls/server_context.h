#pragma once
// What every handshake with a client begins with; the rule of the name that the client asks for decides the rest. Made
// once from the settings, shared by all workers.

#include "base/result.h"
#include "tls/server_names.h"
#include "tls/server_rule.h"
#include "tls/ticket_keys.h"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::tls {

struct ServerOptions {
  ProtocolRange protocols;
  std::string ciphers;        // of TLS 1.2, in OpenSSL's language; empty: OpenSSL's own list
  std::string fallback_name;  // for clients that name no server; empty: they are refused, unless "*" is served
  bool resumes_sessions = true;
  Milliseconds ticket_lifetime{3'600'000};
};

// One handshake: what it may choose from, and what it chose. Outlives its SSL.
struct ServerHandshake {
  std::shared_ptr<const ServerNames> names;
  ServerRulePtr rule;          // of the name; null until it is known
  std::string server_name;     // that the client asked for, in lower case; empty: none
  bool name_is_known = false;  // the client's first message has come, and it made sense
  bool offers_http2 = false;   // beside HTTP/1.1
  TicketKeys* ticket_keys = nullptr;
};

// What was agreed upon (RFC 7301), once hands are shaken.
bool speaks_http2(const SSL& ssl);

class ServerContext final {
 public:
  // Error: kInvalid, naming the setting that OpenSSL does not take.
  static Result<std::unique_ptr<ServerContext>> open(const ServerOptions& options);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // The server's end of a new connection. `handshake` outlives it.
  SslPtr begin(ServerHandshake& handshake) const;

 private:
  explicit ServerContext(const ServerOptions& options);
  static int on_client_hello(SSL* ssl, int* alert, void* self);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int seals);
  static int on_status_request(SSL* ssl, void* self);
  static int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                          const unsigned char* offered, unsigned int offered_size, void* self);

  std::string fallback_name_;
  mutable TicketKeys ticket_keys_;
  SslContextPtr context_;
};

}  // namespace sallyport::tls
