#pragma once
// The gateway's own endpoints beside the proxy that the control thread serves: metrics, the Admin API and the control
// API. Belongs to the control thread.

#include "admin/admin_api.h"
#include "admin/control_api.h"
#include "admin/http_service.h"
#include "app/listening_sockets.h"
#include "app/settings.h"
#include "async/reactor.h"
#include "base/result.h"
#include "telemetry/exposition.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace sallyport::app {

// What the endpoints ask of the gateway.
struct EndpointSources {
  std::function<std::vector<const telemetry::WorkerMetrics*>()> metrics;
  std::function<telemetry::ProcessFacts()> facts;
  std::function<std::string()> plugin_metrics;  // families in the same format, to go behind the gateway's own
};

class Endpoints final {
 public:
  // Both APIs outlive the Endpoints.
  Endpoints(async::Reactor& control, EndpointSources sources, admin::AdminApi& api, admin::ControlApi& control_api);
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  // Error: kUnavailable, naming the address.
  Status listen(const Settings& settings, ListeningSockets& sockets);
  // As Listener::set_accepting.
  void set_accepting(bool accepting);
  // Where the Admin API and the control API listen, as far as they do: no route may lead there.
  const std::vector<async::Address>& guarded_addresses() const noexcept { return guarded_addresses_; }
  // As they are bound; none where an endpoint is off.
  std::string describe() const;
  // Accepts no more; requests under way are answered.
  void drain();
  // From now on another process has the truth about resources: the Admin API says that one should ask again.
  void leave() noexcept { left_ = true; }
  // Requests that are not answered yet.
  std::size_t busy() const noexcept { return metrics_.busy() + admin_.busy() + control_.busy(); }

 private:
  Result<async::Address> listen_on(admin::HttpService& service, const Listen& listen, std::string_view name,
                                   ListeningSockets& sockets);
  async::Task<http::Response> answer_metrics(const admin::ServiceRequest& request) const;
  async::Task<http::Response> answer_admin(const admin::ServiceRequest& request);

  EndpointSources sources_;
  admin::AdminApi& api_;
  std::string export_uri_;
  std::string metric_prefix_;
  std::string description_;
  std::vector<async::Address> guarded_addresses_;
  bool left_ = false;
  admin::HttpService metrics_;
  admin::HttpService admin_;
  admin::HttpService control_;
};

}  // namespace sallyport::app
