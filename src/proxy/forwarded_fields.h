#pragma once
// The fields that tell an upstream about the client: X-Real-IP, X-Forwarded-For, -Proto, -Host, -Port.

#include "exchange/exchange.h"
#include "proxy/options.h"

namespace sallyport::proxy {

// At the start: what an untrusted client claims about itself goes, so that no plugin believes it.
void drop_claimed_fields(exchange::Exchange& exchange, const Options& options);

// Before the first try: appends the client to X-Forwarded-For, sets X-Real-IP, and fills in what is not there.
void add_forwarded_fields(exchange::Exchange& exchange);

}  // namespace sallyport::proxy
