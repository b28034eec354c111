#pragma once
// The gateway as a client of TLS: what it trusts, and what it shows to which upstreams.

#include "base/result.h"
#include "tls/certificate.h"
#include "tls/client_sessions.h"
#include "tls/openssl_ptr.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::tls {

// How one upstream is spoken to. Immutable, shared by all workers.
struct ClientIdentity {
  std::optional<KeyPair> pair;  // shown when the upstream asks for one
  std::string digest;           // tells identities apart; of none it is empty
};
using ClientIdentityPtr = std::shared_ptr<const ClientIdentity>;

// Error: kInvalid, saying what is wrong with the texts.
Result<ClientIdentityPtr> make_client_identity(std::string_view certificate_pem, std::string_view key_pem);

enum class Verify : bool { kNo, kYes };

// What a handshake offers to speak over the connection (ALPN, RFC 7301).
enum class Offer : bool { kNothing, kHttp2 };

// What every handshake with an upstream begins with. Made once from the settings, shared by all workers.
class ClientContext final {
 public:
  // `trusted`: a file of certificates in PEM; "" or "system": what the system trusts.
  // Error: kInvalid, when the file cannot be read.
  static Result<std::unique_ptr<ClientContext>> open(const std::string& trusted);

  // The client's end of a new connection to `server_name`, a name or an address. Null: there is no memory, or the
  // identity cannot be used. `identity` may be null, and so may `session`, which the handshake then goes on with.
  SslPtr begin(const std::string& server_name, Verify verify, const ClientIdentity* identity,
               Offer offer = Offer::kNothing, ClientSessionPtr session = nullptr) const;

 private:
  explicit ClientContext(SslContextPtr context) : context_(std::move(context)) {}

  SslContextPtr context_;
};

// What a handshake with an upstream that failed has to say about its certificate; else empty.
std::string fault_of_peer(SSL& ssl);
// After a handshake.
bool has_chosen_http2(SSL& ssl) noexcept;

}  // namespace sallyport::tls
