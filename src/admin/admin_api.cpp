#include "admin/admin_api.h"

#include "admin/answers.h"
#include "admin/live_plugins.h"
#include "admin/plugin_endpoint.h"
#include "admin/validation_endpoint.h"
#include "async/event.h"
#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace sallyport::admin {

// Shared by the client that waits and the work that goes on without it.
struct AdminApi::Work {
  AdminRequest request;
  http::Response response;
  async::Event done;
};

AdminApi::AdminApi(Services& services, ApiSettings settings)
    : services_(services), settings_(std::move(settings)), resources_(services), live_(services) {}

Task<http::Response> AdminApi::handle(AdminRequest request) {
  auto work = std::make_shared<Work>();
  work->request = std::move(request);
  running_.spawn(run(work));
  co_await work->done;
  co_return std::move(work->response);
}

std::size_t AdminApi::body_limit(const AdminRequest& request) const {
  auto segments = request.segments();
  bool is_code =
      services_.live && segments && !segments->empty() && segments->front() == services_.live->types().kind();
  if (!is_code || refuse_address(settings_.access, request) || refuse_key(settings_.access, request))
    return kMaxBodyBytes;
  return live_.body_limit();
}

http::Response AdminApi::too_large(std::size_t limit) const {
  http::Response response = refuse(413, fmt::format("request body is larger than {} bytes", limit));
  add_headers(response);
  return response;
}

Task<void> AdminApi::run(std::shared_ptr<Work> work) {
  try {
    work->response = co_await respond(work->request);
  } catch (const std::exception& thrown) {
    log::error("Admin API: {} {}: {}", work->request.method, work->request.path, thrown.what());
    work->response = refuse(500, "the gateway failed on this request; its error log says why");
  }
  add_headers(work->response);
  work->done.set();
}

Task<http::Response> AdminApi::respond(const AdminRequest& request) {
  if (auto refused = refuse_address(settings_.access, request)) co_return *std::move(refused);
  if (std::size_t limit = body_limit(request); request.body.size() > limit) co_return too_large(limit);
  auto segments = request.segments();
  if (!segments) co_return refuse(404, "404 Route Not Found");
  if (request.method == "OPTIONS") {
    http::Response preflight = answer_text(200, "");
    if (settings_.cors) {
      preflight.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, PUT, OPTIONS, DELETE, PATCH");
      preflight.headers.emplace_back("Access-Control-Allow-Headers", "*");
    }
    co_return preflight;
  }
  if (request.method == "HEAD" && segments->empty()) co_return answer_text(200, "");
  if (auto refused = refuse_key(settings_.access, request)) co_return *std::move(refused);
  co_return co_await dispatch(request, *std::move(segments));
}

Task<http::Response> AdminApi::dispatch(const AdminRequest& request, std::vector<std::string> segments) {
  std::string first = segments.empty() ? "" : segments[0];
  if (first == "plugins") co_return co_await handle_plugins(services_, request, std::move(segments));
  if (first == "schema") co_return handle_schema(*services_.catalog, request, segments);
  if (first == "configs") co_return handle_configs(*services_.catalog, request, segments);
  if (services_.live && first == services_.live->types().kind()) {
    co_return co_await live_.handle(request, std::move(segments));
  }
  if (const resources::KindInfo* info = resources::find_kind(first)) {
    co_return co_await resources_.handle(*info, request, std::move(segments));
  }
  co_return refuse(404, "Unsupported resource type: " + first);
}

void AdminApi::add_headers(http::Response& response) const {
  auto add = [&](std::string_view name, std::string_view value) {
    auto same = [&](const auto& header) { return header.first == name; };
    if (std::any_of(response.headers.begin(), response.headers.end(), same)) return;
    response.headers.emplace_back(name, value);
  };
  add("Server", settings_.server_header);
  if (settings_.cors) {
    add("Access-Control-Allow-Origin", "*");
    add("Access-Control-Allow-Credentials", "true");
    add("Access-Control-Expose-Headers", "*");
    add("Access-Control-Max-Age", "3600");
  }
  add("X-API-VERSION", "v3");
}

}  // namespace sallyport::admin
