#include "app/endpoints.h"

namespace sallyport::app {

using admin::HttpService;
using admin::ServiceRequest;
using http::Response;

namespace {

Response ask_again(Response response) {
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

Endpoints::Endpoints(async::Reactor& control, EndpointSources sources, admin::AdminApi& api,
                     admin::ControlApi& control_api)
    : sources_(std::move(sources)),
      api_(api),
      metrics_(control, [this](const ServiceRequest& request) { return answer_metrics(request); }, {}),
      admin_(control, [this](const ServiceRequest& request) { return answer_admin(request); },
             {[&api](const ServiceRequest& request) { return api.body_limit(admin::AdminRequest::from(request)); },
              [&api](std::size_t limit) { return api.too_large(limit); }}),
      control_(control, [&control_api](const ServiceRequest& request) { return control_api.handle(request); }, {}) {}

Result<async::Address> Endpoints::listen_on(HttpService& service, const Listen& listen, std::string_view name,
                                            ListeningSockets& sockets) {
  TRY(auto address, async::Address::from_ip(listen.ip, listen.port));
  TRY(auto own, sockets.take(address, 1, async::SharePort::kNo));
  for (int socket : own) {
    TRY(address, service.listen_on(socket));
  }
  description_ += fmt::format(", {} on {}", name, address.to_string());
  return address;
}

Status Endpoints::listen(const Settings& settings, ListeningSockets& sockets) {
  export_uri_ = settings.prometheus.export_uri;
  metric_prefix_ = settings.prometheus.metric_prefix;
  if (settings.prometheus.export_server) {
    TRY_STATUS(listen_on(metrics_, settings.prometheus.listen, "metrics", sockets));
  }
  if (settings.admin.enabled) {
    TRY(auto bound, listen_on(admin_, settings.admin.listen, "Admin API", sockets));
    guarded_addresses_.push_back(bound);
  }
  if (settings.control.enabled) {
    TRY(auto bound, listen_on(control_, settings.control.listen, "control API", sockets));
    guarded_addresses_.push_back(bound);
  }
  return {};
}

std::string Endpoints::describe() const { return description_; }

void Endpoints::set_accepting(bool accepting) {
  for (HttpService* service : {&metrics_, &admin_, &control_}) service->set_accepting(accepting);
}

void Endpoints::drain() {
  for (HttpService* service : {&metrics_, &admin_, &control_}) service->drain();
}

async::Task<Response> Endpoints::answer_metrics(const ServiceRequest& request) const {
  if (request.path != export_uri_) return Response::error(404, "the metrics are at " + export_uri_);
  auto workers = sources_.metrics();
  Response response;
  response.headers.emplace_back("Content-Type", telemetry::kExpositionContentType);
  response.body = telemetry::expose(workers, sources_.facts(), metric_prefix_) + sources_.plugin_metrics();
  return response;
}

async::Task<Response> Endpoints::answer_admin(const ServiceRequest& request) {
  if (left_) co_return ask_again(Response::error(503, "another gateway follows this one"));
  Response response = co_await api_.handle(admin::AdminRequest::from(request));
  if (left_ && response.status == 503) response = ask_again(std::move(response));
  co_return response;
}

}  // namespace sallyport::app
