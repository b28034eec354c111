#pragma once
// /apisix/admin/{routes,services,...}[/id[/sub/path]]: reading and writing the resources of one kind.

#include "admin/admin_request.h"
#include "admin/services.h"
#include "http/message.h"
#include "json/value.h"
#include "resources/kinds.h"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::admin {

class ResourceEndpoint {
 public:
  explicit ResourceEndpoint(Services& services) : services_(services) {}

  // `segments` as of AdminRequest, the first naming the kind. `request` stays valid until the Task ends.
  Task<http::Response> handle(const resources::KindInfo& info, const AdminRequest& request,
                              std::vector<std::string> segments);

 private:
  // One write: what it is about, and the body, read.
  struct Write {
    const resources::KindInfo& info;
    const AdminRequest& request;
    std::string id;                     // of the address; may be empty
    std::vector<std::string> sub_path;  // of the address
    std::optional<json::Value> body;    // nothing when there is none
    std::optional<WallTime> end;        // of what is written
  };

  Task<http::Response> get(const resources::KindInfo& info, const AdminRequest& request, std::string id);
  Task<http::Response> write(resources::Method method, Write write);
  Task<http::Response> put(Write write);
  Task<http::Response> post(Write write);
  Task<http::Response> patch(Write write);
  Task<http::Response> remove(Write write);
  Task<Status> check(const resources::KindInfo& info, const json::Value& value);

  Services& services_;
};

}  // namespace sallyport::admin
