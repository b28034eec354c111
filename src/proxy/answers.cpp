#include "proxy/answers.h"

#include "base/bytes.h"
#include "http/grpc.h"

#include <algorithm>
#include <string>

namespace sallyport::proxy {

using exchange::Exchange;
using exchange::ResponseSource;
using http::Response;

namespace {

struct Fault {
  int status;
  std::string_view message;
  std::string_view reason;
};

Fault client_fault(const Exchange& exchange, ErrorCode code) {
  switch (code) {
    case ErrorCode::kLimit:
      return {413, "413 Request Entity Too Large", "request_body_too_large"};
    case ErrorCode::kTimeout:
      return {408, "408 Request Timeout",
              exchange.reason == kRequestBodyTooSlow ? kRequestBodyTooSlow : kRequestBodyTimeout};
    case ErrorCode::kClosed:
      return {400, "400 Bad Request", "client_closed"};
    default:
      return {400, "400 Bad Request", "bad_request_body"};
  }
}

Fault upstream_fault(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
      return {504, "504 Gateway Timeout", "upstream_timeout"};
    case ErrorCode::kRefused:
      return {502, "502 Bad Gateway", "upstream_refused"};
    case ErrorCode::kClosed:
      return {502, "502 Bad Gateway", "upstream_closed"};
    case ErrorCode::kProtocol:
      return {502, "502 Bad Gateway", "upstream_protocol"};
    case ErrorCode::kUnavailable:
      return {503, "503 Service Unavailable", "no_upstream"};
    case ErrorCode::kNotFound:
      return {502, "502 Bad Gateway", "no_upstream_left"};
    default:
      return {502, "502 Bad Gateway", "upstream_failed"};
  }
}

Response gateway_answer(Exchange& exchange, const Fault& fault) {
  exchange.reason = fault.reason;
  exchange.response_source = ResponseSource::kGateway;
  return Response::error(fault.status, fault.message);
}

}  // namespace

Response answer_for_refused_head(Exchange& exchange, int status, std::string_view reason) {
  exchange.reason = reason;
  exchange.response_source = ResponseSource::kGateway;
  std::string status_text = std::to_string(status);
  if (reason == kClearOnTlsPort) {
    return Response::error(status, status_text + " The plain HTTP request was sent to HTTPS port");
  }
  Response answer = Response::error(status, status_text + " " + std::string(http::reason_phrase(status)));
  if (reason == kOverload) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

Response answer_for_refusal(Exchange& exchange, const snapshot::Refusal& refusal) {
  return gateway_answer(exchange, {refusal.status, refusal.message, refusal.reason});
}

Response answer_for_error(Exchange& exchange, const Error& error) {
  if (error.side == Side::kDownstream) return gateway_answer(exchange, client_fault(exchange, error.code));
  if (error.side == Side::kUpstream) return gateway_answer(exchange, upstream_fault(error.code));
  return gateway_answer(exchange, {500, "500 Internal Server Error", "internal"});
}

Response answer_for_deadline(Exchange& exchange) {
  return gateway_answer(exchange, {504, "504 Gateway Timeout", kDeadlineExceeded});
}

Response answer_for_failed_plugin(Exchange& exchange, const Error& error) {
  if (error.code == ErrorCode::kLimit) {
    bool of_request = error.side == Side::kDownstream;
    return gateway_answer(exchange, of_request ? Fault{413, "413 Request Entity Too Large", "plugin_body_limit"}
                                               : Fault{500, "500 Internal Server Error", "plugin_body_limit"});
  }
  std::string_view reason = exchange.reason;  // the chain has named the plugin
  Response answer = gateway_answer(exchange, {503, "503 Service Unavailable", reason});
  return answer;
}

void adapt_to_grpc(const Exchange& exchange, Response& answer) {
  if (answer.status == 200 || !http::is_grpc(exchange.request.headers)) return;
  auto is_status = [](const auto& field) { return equals_ignoring_case(field.first, "grpc-status"); };
  if (std::ranges::any_of(answer.headers, is_status)) return;
  const bool is_late = exchange.reason == kDeadlineExceeded;
  const int status = is_late ? http::grpc::kDeadlineExceeded : http::grpc_status_of(answer.status);
  std::string message = std::to_string(answer.status) + " " + std::string(http::reason_phrase(answer.status));
  http::make_grpc_answer(answer, status, is_late ? "the deadline of grpc-timeout passed" : message);
}

Response answer_for_exception(Exchange& exchange) {
  return gateway_answer(exchange, {500, "500 Internal Server Error", "internal"});
}

}  // namespace sallyport::proxy
