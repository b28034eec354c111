#pragma once
// /apisix/admin/plugins: which plugins there are, their schemas, and reading them again.

#include "admin/admin_request.h"
#include "admin/services.h"
#include "http/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::admin {

// `segments` as of AdminRequest, the first being "plugins".
// GET plugins/list, plugins?all=true, plugins/NAME; PUT plugins/reload.
Task<http::Response> handle_plugins(Services& services, const AdminRequest& request, std::vector<std::string> segments);

// The schema of one plugin's conf.
http::Response answer_plugin_schema(const chain::Catalog& catalog, const AdminRequest& request, std::string_view name);

}  // namespace sallyport::admin
