#pragma once
// /apisix/admin/wasm[/name[/module | /versions[/number[/module]]]]: plugins that are handed in while the gateway runs.
// `wasm` is what chain::LiveTypes::kind says.

#include "admin/admin_request.h"
#include "admin/live_plugins.h"
#include "admin/services.h"
#include "http/message.h"
#include "json/value.h"

#include <string>
#include <vector>

namespace sallyport::admin {

class LiveEndpoint {
 public:
  explicit LiveEndpoint(Services& services) : services_(services) {}

  // `segments` as of AdminRequest, the first naming the kind. `request` stays valid until the Task ends.
  Task<http::Response> handle(const AdminRequest& request, std::vector<std::string> segments);

  // What the body of such a request may have in bytes: code, or as much of it in base64.
  std::size_t body_limit() const;

 private:
  Task<http::Response> get(const AdminRequest& request, std::vector<std::string> segments);
  http::Response answer_code(const json::Value& version) const;
  Task<http::Response> write(const AdminRequest& request, std::vector<std::string> segments);
  Task<http::Response> put(const AdminRequest& request, std::string name);
  Task<http::Response> use_version(std::string name, std::string number);
  Task<http::Response> remove(const AdminRequest& request, std::string name);

  http::Response answer_plugin(const store::Entry& entry) const;
  http::Response answer_source(const std::string& name, const json::Value* value) const;

  Task<Result<LivePlugins::Code>> read_code(const AdminRequest& request, std::string name, store::EntryPtr present);
  Task<Result<LivePlugins::Code>> read_json(const AdminRequest& request, LivePlugins::Code code,
                                            store::EntryPtr present);
  Status check_size(std::size_t bytes) const;
  Task<http::Response> put_value(LivePlugins::Code code, chain::LiveType made, json::Value value, store::EntryPtr old);

  Services& services_;
};

}  // namespace sallyport::admin
