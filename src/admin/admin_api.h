#pragma once
// The Admin API: requests to answers, without sockets. It belongs to the control thread.
//
// A write that has begun goes on when its client leaves (the Task of `handle` is dropped): it ends with the store and
// the workers in agreement. It ends early only with the AdminApi itself.

#include "admin/access.h"
#include "admin/admin_request.h"
#include "admin/live_endpoint.h"
#include "admin/resource_endpoint.h"
#include "admin/services.h"
#include "async/task_group.h"
#include "http/message.h"

#include <cstddef>
#include <memory>
#include <string>

namespace sallyport::admin {

struct ApiSettings {
  AccessRules access;
  bool cors = true;
  std::string server_header = "APISIX/3.18.0";
};

class AdminApi {
 public:
  // `services` outlives the AdminApi.
  AdminApi(Services& services, ApiSettings settings);

  // The settings for requests from now on.
  void change_settings(ApiSettings settings) { settings_ = std::move(settings); }

  Task<http::Response> handle(AdminRequest request);

  // How much of a body is to be read, and the answer to one that goes on behind that. Only who may write gets more
  // than kMaxBodyBytes, for code.
  std::size_t body_limit(const AdminRequest& request) const;
  http::Response too_large(std::size_t limit) const;

 private:
  struct Work;
  Task<void> run(std::shared_ptr<Work> work);
  Task<http::Response> respond(const AdminRequest& request);
  Task<http::Response> dispatch(const AdminRequest& request, std::vector<std::string> segments);
  void add_headers(http::Response& response) const;

  Services& services_;
  ApiSettings settings_;
  ResourceEndpoint resources_;
  LiveEndpoint live_;
  async::TaskGroup running_;
};

}  // namespace sallyport::admin
