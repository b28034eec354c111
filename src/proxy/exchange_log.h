#pragma once
// What is written down about an exchange when it has ended: one line of the access log, one sample of the metrics.
// An ExchangeLog belongs to one worker.

#include "exchange/exchange.h"
#include "exchange/variable.h"
#include "proxy/failure_log.h"
#include "telemetry/access_log_format.h"
#include "telemetry/metrics.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::proxy {

class ExchangeLog {
 public:
  // Takes a finished line, without a line feed.
  using Write = std::function<void(std::string_view line)>;

  explicit ExchangeLog(telemetry::WorkerMetrics& metrics) : metrics_(metrics) {}

  // Null: no access log. May be called again while serving (settings were read again).
  void set_access_log(std::shared_ptr<const telemetry::AccessLogFormat> format, Write write);

  // `status` is what the client was told, or 499 when it went before.
  void finished(const exchange::Exchange& exchange);

  telemetry::WorkerMetrics& metrics() noexcept { return metrics_; }
  FailureLog& failures() noexcept { return failures_; }

 private:
  telemetry::WorkerMetrics& metrics_;
  std::shared_ptr<const telemetry::AccessLogFormat> format_;
  std::vector<exchange::Variable> variables_;  // of the format, in its order
  Write write_;
  std::string line_;
  FailureLog failures_;
};

}  // namespace sallyport::proxy
