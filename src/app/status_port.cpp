#include "app/status_port.h"

#include "admin/status.h"

#include <pthread.h>

#include <string_view>

namespace sallyport::app {

namespace {

std::string_view why_not(Readiness readiness) {
  switch (readiness) {
    case Readiness::kLoading:
      return "worker id: 0 has not received configuration";
    case Readiness::kServing:
      return {};
    case Readiness::kDraining:
      return "the gateway is draining";
  }
  return {};
}

}  // namespace

StatusPort::~StatusPort() {
  if (!thread_.joinable()) return;
  reactor_.post([this] { reactor_.stop(); });
  thread_.join();
}

Result<async::Address> StatusPort::open(const std::vector<int>& sockets, Begins begins) {
  service_.emplace(
      reactor_, [this](const admin::ServiceRequest& request) { return answer(request); }, admin::HttpService::Limits{});
  async::Address bound;
  for (int socket : sockets) {
    TRY(bound, service_->listen_on(socket));
  }
  service_->set_accepting(begins == Begins::kAtOnce);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "status");
    reactor_.run();
    service_.reset();
  });
  return bound;
}

void StatusPort::tell(Readiness readiness) {
  readiness_ = readiness;
  if (readiness == Readiness::kServing) reactor_.post([this] { service_->set_accepting(true); });
}

void StatusPort::leave() {
  reactor_.post([this] { service_->drain(); });
}

async::Task<http::Response> StatusPort::answer(const admin::ServiceRequest& request) const {
  return admin::answer_status(request.head.method, request.path, why_not(readiness_));
}

}  // namespace sallyport::app
