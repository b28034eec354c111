#include "admin/validation_endpoint.h"

#include "admin/answers.h"
#include "admin/plugin_endpoint.h"
#include "admin/resource_checks.h"
#include "json/parse.h"
#include "resources/kinds.h"
#include "resources/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <set>

namespace sallyport::admin {
namespace {

// The body as JSON, or the answer that says why it is none.
std::expected<json::Value, http::Response> read_body(const AdminRequest& request) {
  auto body = json::parse(request.body);
  if (body) return *std::move(body);
  return std::unexpected(answer(
      400, json::Object{{"error_msg", "invalid request body: " + body.error().what}, {"req_body", request.body}}));
}

http::Response validate_one(const AdminRequest& request, const std::string& folder) {
  const resources::KindInfo* info = resources::find_kind(folder);
  if (!info) return refuse(404, "Unsupported resource type: " + folder);
  auto body = read_body(request);
  if (!body) return std::move(body).error();
  Status checked = resources::schema(info->kind).check(*body);
  return checked ? answer_text(200, "") : refuse(400, checked.error().what);
}

// The errors of one list of a whole configuration.
void validate_list(const chain::Catalog& catalog, const resources::KindInfo& info, const json::Array& list,
                   json::Array& errors) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string id = resources::id_text(list[i]);
    Status checked = check_value(info, list[i], catalog);
    if (checked && !id.empty() && !ids.insert(id).second) {
      checked = fail(ErrorCode::kInvalid, fmt::format("found duplicate id {} in {}", id, info.folder));
    }
    if (checked) continue;
    errors.emplace_back(json::Object{{"resource_type", info.folder},
                                     {"resource_id", id},
                                     {"index", static_cast<std::uint64_t>(i)},
                                     {"error", checked.error().what}});
  }
}

http::Response validate_all(const chain::Catalog& catalog, const AdminRequest& request) {
  auto body = read_body(request);
  if (!body) return std::move(body).error();
  json::Array errors;
  for (const resources::KindInfo& info : resources::kinds()) {
    const json::Value* list = body->find(info.folder);
    if (list && list->is_array()) validate_list(catalog, info, list->array(), errors);
    if (list && !list->is_array()) {
      errors.emplace_back(json::Object{{"resource_type", info.folder}, {"error", "must be a list"}});
    }
  }
  if (errors.empty()) return answer(200, json::Object());
  return answer(400, json::Object{{"error_msg", "Configuration validation failed"}, {"errors", std::move(errors)}});
}

}  // namespace

http::Response handle_schema(const chain::Catalog& catalog, const AdminRequest& request,
                             const std::vector<std::string>& segments) {
  std::string name = segments.size() > 1 ? segments[1] : "";
  std::string further = segments.size() > 2 ? segments[2] : "";
  if (name == "validate" && request.method == "POST") return validate_one(request, further);
  if (request.method != "GET") return refuse(404, "not found");
  if (name == "plugins") return answer_plugin_schema(catalog, request, further);
  auto kinds = resources::kinds();
  auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& info) { return info.schema_name == name; });
  if (found == kinds.end()) return refuse(400, "not found schema: " + name);
  return answer(200, resources::schema(found->kind).source());
}

http::Response handle_configs(const chain::Catalog& catalog, const AdminRequest& request,
                              const std::vector<std::string>& segments) {
  if (segments.size() == 2 && segments[1] == "validate" && request.method == "POST")
    return validate_all(catalog, request);
  return refuse(404, "not found");
}

}  // namespace sallyport::admin
