#pragma once
// The control API: what those who look after the gateway ask it on the machine itself: the health of upstreams,
// schemas, and the resources. It has no keys and is meant for loopback. Belongs to the control thread.

#include "admin/http_service.h"
#include "admin/services.h"
#include "http/message.h"

#include <string>
#include <vector>

namespace sallyport::upstream {
class HealthBook;
}

namespace sallyport::admin {

class ControlApi final {
 public:
  // Both outlive the ControlApi.
  ControlApi(Services& services, const upstream::HealthBook& health) : services_(services), health_(health) {}

  // Paths below /v1, as in APISIX. Everything else is 404, other methods than a path has 405.
  Task<http::Response> handle(const ServiceRequest& request);

 private:
  using Segments = std::vector<std::string>;

  Task<http::Response> answer_get(Segments segments, bool wants_html);
  http::Response answer_schema() const;
  http::Response answer_staples() const;
  Task<http::Response> answer_health(Segments segments, bool wants_html);
  Task<http::Response> answer_entries(std::string kind);
  Task<http::Response> answer_entry(std::string kind, std::string id);
  Task<http::Response> reload_plugins();

  Services& services_;
  const upstream::HealthBook& health_;
};

}  // namespace sallyport::admin
