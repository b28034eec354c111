#pragma once
// What a handshake with a client agreed upon, in the plain texts that exchanges show. A pure function.

#include "exchange/exchange.h"
#include "tls/server_context.h"

namespace sallyport::proxy {

exchange::ClientTls describe(SSL& ssl, const tls::ServerHandshake& handshake);

}  // namespace sallyport::proxy
