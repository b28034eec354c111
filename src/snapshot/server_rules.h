#pragma once
// What handshakes are served with, compiled of `ssls` resources. Control thread.

#include "base/result.h"
#include "resources/ssl.h"
#include "tls/server_rule.h"

#include <string>
#include <vector>

namespace sallyport::snapshot {

struct CompiledSsl {
  tls::ServerRulePtr rule;            // null: nothing to serve, as the resource is of the type `client` or switched off
  std::vector<std::string> warnings;  // certificates that are not valid now
};

// Error: kInvalid, naming what is wrong with the certificates.
Result<CompiledSsl> compile_ssl(const resources::Ssl& ssl);

}  // namespace sallyport::snapshot
