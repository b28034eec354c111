#pragma once
// The answers that the gateway itself gives: `{"error_msg": ...}` with a status and a reason token for the log.

#include "base/result.h"
#include "exchange/exchange.h"
#include "http/message.h"
#include "snapshot/plan.h"

#include <string_view>

namespace sallyport::proxy {

// The reason of a request in clear on a port where a handshake is wanted.
inline constexpr std::string_view kClearOnTlsPort = "clear_on_tls_port";

// The reason of a request that came when there was too much to do.
inline constexpr std::string_view kOverload = "overload";
inline constexpr std::string_view kDeadlineExceeded = "deadline_exceeded";  // of a call of gRPC
// The reasons of a request whose body did not go on, or trickled.
inline constexpr std::string_view kRequestBodyTimeout = "request_body_timeout";
inline constexpr std::string_view kRequestBodyTooSlow = "request_body_too_slow";

// Each sets `exchange.reason`, `exchange.response_source` and returns the answer.
http::Response answer_for_refused_head(exchange::Exchange& exchange, int status, std::string_view reason);
http::Response answer_for_refusal(exchange::Exchange& exchange, const snapshot::Refusal& refusal);
// 502, 503 or 504 by what went wrong with the upstream; 400, 408 or 413 when it was the client's side.
http::Response answer_for_error(exchange::Exchange& exchange, const Error& error);
// The request was gRPC, and the time it gave itself is over.
http::Response answer_for_deadline(exchange::Exchange& exchange);
// A plugin that failed and whose settings say that the request must not go on.
http::Response answer_for_failed_plugin(exchange::Exchange& exchange, const Error& error);
// What is not made for gRPC becomes that, where the request is gRPC: status 200, and in the head what went wrong.
void adapt_to_grpc(const exchange::Exchange& exchange, http::Response& answer);
http::Response answer_for_exception(exchange::Exchange& exchange);

}  // namespace sallyport::proxy
