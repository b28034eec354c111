#pragma once
// What a handshake with a client agreed upon: in the plain texts that exchanges show, and as it is counted. Pure
// functions.

#include "exchange/exchange.h"
#include "telemetry/metrics.h"
#include "tls/server_context.h"

namespace sallyport::proxy {

exchange::ClientTls describe(SSL& ssl, const tls::ServerHandshake& handshake);
telemetry::Handshake kind_of_handshake(SSL& ssl);

}  // namespace sallyport::proxy
