#pragma once
// How an exchange ends that did not come to its own end.

#include "exchange/exchange.h"

namespace sallyport::proxy {

// Its client has gone.
void note_lost_client(exchange::Exchange& exchange);
// Something was thrown. Only where the exception is being handled.
void log_thrown(const exchange::Exchange& exchange);

}  // namespace sallyport::proxy
