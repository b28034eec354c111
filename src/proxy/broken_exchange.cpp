#include "proxy/broken_exchange.h"

#include "base/log.h"

#include <exception>

namespace sallyport::proxy {

namespace {

constexpr int kClientClosedRequest = 499;  // nginx's status for the log

}  // namespace

void note_lost_client(exchange::Exchange& exchange) {
  if (!exchange.response_head_sent) exchange.response.status = kClientClosedRequest;
  exchange.reason = "client_closed";
  exchange.broken_off = true;
  exchange.response_source = exchange::ResponseSource::kGateway;
}

void log_thrown(const exchange::Exchange& exchange) {
  try {
    throw;
  } catch (const std::exception& thrown) {
    log::error("request {}: {}", exchange.request_target, thrown.what());
  } catch (...) {
    log::error("request {}: an exception that is no std::exception", exchange.request_target);
  }
}

}  // namespace sallyport::proxy
