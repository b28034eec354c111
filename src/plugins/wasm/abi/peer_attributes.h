#pragma once
// Built-in properties of the two connections of an exchange, the client's and the upstream's. What costs something is
// looked up when it is read. The bytes live as long as the exchange.

#include "exchange/exchange.h"
#include "plugins/wasm/abi/attribute_value.h"
#include "plugins/wasm/context.h"

namespace sallyport::wasm::abi {

using exchange::Certificates;

// Each: nothing where there is no TLS, no certificate or no such name.
Value client_certificate(const HttpContext& http, Certificates::End end, Certificates::Text text);
Value upstream_certificate(const HttpContext& http, Certificates::End end, Certificates::Text text);

// One of them as a reader of a table.
template <auto read, Certificates::End end, Certificates::Text text>
Value certificate(const HttpContext& http) {
  return read(http, end, text);
}

// Why the client's connection or stream was broken off; once the exchange has ended.
Value termination_details(const HttpContext& http);

Value cluster_name(const HttpContext& http);
Value upstream_nodes(const HttpContext& http);
Value upstream_local_address(const HttpContext& http);
Value upstream_tls_version(const HttpContext& http);
Value upstream_failure(const HttpContext& http);

}  // namespace sallyport::wasm::abi
