#include "admin/plugin_endpoint.h"

#include "admin/answers.h"
#include "chain/catalog.h"

#include <fmt/format.h>

namespace sallyport::admin {
namespace {

bool wants_stream(const AdminRequest& request) { return request.argument("subsystem") == "stream"; }

http::Response answer_names(const chain::Catalog& catalog, const AdminRequest& request) {
  json::Array names;
  if (!wants_stream(request)) {
    for (const chain::PluginType* type : catalog.by_priority()) names.emplace_back(type->name());
  }
  return answer(200, std::move(names));
}

// Members that have no meaning here (schemas for metadata and consumers) are absent, as they are in APISIX.
http::Response answer_all(const chain::Catalog& catalog, const AdminRequest& request) {
  json::Object plugins;
  if (!wants_stream(request)) {
    for (const chain::PluginType* type : catalog.by_priority()) {
      plugins[type->name()] = json::Object{
          {"version", 0.1}, {"priority", type->priority()}, {"schema", catalog.schema(type->name())->source()}};
    }
  }
  return answer(200, std::move(plugins));
}

Task<http::Response> reload(Services& services, const AdminRequest& request) {
  if (request.method != "PUT") {
    co_return refuse(
        405, fmt::format("please use PUT method to reload the plugins, {} method is not allowed.", request.method));
  }
  async::Mutex::Lock lock = co_await services.changes->lock();
  Status reloaded = services.reload_plugins ? co_await services.reload_plugins() : Status();
  co_return reloaded ? http::Response::text(200, "done") : refuse(reloaded.error());
}

}  // namespace

Task<http::Response> handle_plugins(Services& services, const AdminRequest& request,
                                    std::vector<std::string> segments) {
  std::string name = segments.size() > 1 ? segments[1] : "";
  if (name == "reload") co_return co_await reload(services, request);
  if (request.method != "GET") co_return refuse(404, "not found");
  std::string_view subsystem = request.argument("subsystem").value_or("http");
  if (subsystem != "http" && subsystem != "stream") {
    co_return refuse(400, fmt::format("unsupported subsystem: {}", subsystem));
  }
  if (name == "list") co_return answer_names(*services.catalog, request);
  if (request.argument("all") == "true") co_return answer_all(*services.catalog, request);
  co_return answer_plugin_schema(*services.catalog, request, name);
}

http::Response answer_plugin_schema(const chain::Catalog& catalog, const AdminRequest& request, std::string_view name) {
  const json::Schema* schema = wants_stream(request) ? nullptr : catalog.schema(name);
  if (!schema) {
    return refuse(404, fmt::format("plugin not found in subsystem {}", wants_stream(request) ? "stream" : "http"));
  }
  if (request.argument("schema_type") == "consumer") return refuse(400, "not found schema");
  return answer(200, schema->source());
}

}  // namespace sallyport::admin
