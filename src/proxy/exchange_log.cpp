#include "proxy/exchange_log.h"

#include "proxy/answers.h"

#include <optional>

namespace sallyport::proxy {

using exchange::Exchange;
using exchange::ResponseSource;

namespace {

telemetry::ResponseSource source_of(const Exchange& exchange) {
  switch (exchange.response_source) {
    case ResponseSource::kUpstream:
      return telemetry::ResponseSource::kUpstream;
    case ResponseSource::kPlugin:
      return telemetry::ResponseSource::kPlugin;
    default:
      return telemetry::ResponseSource::kGateway;
  }
}

std::optional<telemetry::Cut> cut_of(std::string_view reason) {
  using telemetry::Cut;
  if (reason == "request_timeout") return Cut::kHeadTimeout;
  if (reason == kRequestBodyTimeout) return Cut::kBodyTimeout;
  if (reason == kRequestBodyTooSlow) return Cut::kBodyTooSlow;
  if (reason == "client_timeout") return Cut::kResponseTimeout;
  if (reason == kOverload) return Cut::kOverload;
  return std::nullopt;
}

std::string_view label(const Exchange& exchange, std::string_view id, std::string_view name) {
  return exchange.metrics_by_name && !name.empty() ? name : id;
}

}  // namespace

void ExchangeLog::set_access_log(std::shared_ptr<const telemetry::AccessLogFormat> format, Write write) {
  format_ = std::move(format);
  variables_.clear();
  if (format_) {
    for (const std::string& name : format_->variables()) variables_.emplace_back(name);
  }
  write_ = std::move(write);
}

void ExchangeLog::finished(const Exchange& exchange) {
  telemetry::RequestSample sample;
  const exchange::Matched& matched = exchange.matched;
  sample.labels = {label(exchange, matched.route_id, matched.route_name),     matched.uri, matched.host,
                   label(exchange, matched.service_id, matched.service_name), {},          exchange.endpoint.ip};
  sample.status = exchange.response.status;
  sample.source = source_of(exchange);
  sample.total = exchange.elapsed();
  sample.upstream = exchange.timing.upstream_response;
  sample.received_bytes = exchange.request_head_bytes + exchange.request_body_bytes;
  sample.sent_bytes = exchange.response_bytes;
  metrics_.record(sample);
  if (!exchange.reason.empty()) {
    if (auto cut = cut_of(exchange.reason)) metrics_.client_cut(*cut);
  }
  if (!format_) return;
  line_.clear();
  format_->render(line_, [this, &exchange](std::size_t index) { return variables_[index].of(exchange); });
  write_(line_);
}

}  // namespace sallyport::proxy
