#pragma once
// The fields that tell an upstream about the client: X-Real-IP, X-Forwarded-For, -Proto, -Host, -Port.

#include "exchange/exchange.h"
#include "proxy/options.h"

#include <string_view>

namespace sallyport::proxy {

// At the start: what an untrusted client claims about itself goes, so that no plugin believes it.
void drop_claimed_fields(exchange::Exchange& exchange, const Options& options);

// Before the first try: appends the client to X-Forwarded-For, sets X-Real-IP, and fills in what is not there.
// `local_port` is what the client connected to, in digits that live as long as the exchange.
void add_forwarded_fields(exchange::Exchange& exchange, std::string_view local_port);

}  // namespace sallyport::proxy
