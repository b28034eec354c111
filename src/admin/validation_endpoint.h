#pragma once
// /apisix/admin/schema and /apisix/admin/configs/validate: schemas, and checks that store nothing.

#include "admin/admin_request.h"
#include "chain/catalog.h"
#include "http/message.h"

#include <string>
#include <vector>

namespace sallyport::admin {

// `segments` as of AdminRequest, the first being "schema".
// GET schema/route, schema/plugins/NAME; POST schema/validate/routes (its schema alone: 200 and nothing, or 400).
http::Response handle_schema(const chain::Catalog& catalog, const AdminRequest& request,
                             const std::vector<std::string>& segments);

// POST configs/validate with {"routes": [...], ...}: 200 {}, or 400 with every error. References are not followed.
http::Response handle_configs(const chain::Catalog& catalog, const AdminRequest& request,
                              const std::vector<std::string>& segments);

}  // namespace sallyport::admin
