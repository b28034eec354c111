#pragma once
// What handshakes are served with, compiled of `ssls` resources. Control thread.

#include "base/result.h"
#include "resources/ssl.h"
#include "tls/client_context.h"
#include "tls/server_rule.h"

#include <string>
#include <vector>

namespace sallyport::snapshot {

struct CompiledSsl {
  tls::ServerRulePtr rule;            // of the type `server`
  tls::ClientIdentityPtr identity;    // of the type `client`; both are null when it is switched off
  std::vector<std::string> warnings;  // certificates that are not valid now
};

// Error: kInvalid, naming what is wrong with the certificates.
Result<CompiledSsl> compile_ssl(const resources::Ssl& ssl);

}  // namespace sallyport::snapshot
