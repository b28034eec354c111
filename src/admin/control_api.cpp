#include "admin/control_api.h"

#include "admin/answers.h"
#include "admin/health_report.h"
#include "base/bytes.h"
#include "chain/catalog.h"
#include "resources/kinds.h"
#include "source/staple_keeper.h"
#include "store/store.h"
#include "upstream/health_book.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sallyport::admin {
namespace {

struct Collection {
  std::string_view all;   // "routes", also the folder in the store
  std::string_view each;  // "route"
};
constexpr std::array kCollections{Collection{"routes", "route"}, Collection{"services", "service"},
                                  Collection{"upstreams", "upstream"}};

// What stands between the slashes behind /v1; none when the path is elsewhere.
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path, '/')) {
    if (!segment.empty()) segments.emplace_back(segment);
  }
  if (segments.empty() || segments.front() != "v1") return {};
  segments.erase(segments.begin());
  return segments;
}

http::Response not_found() {
  return refuse(404,
                "not found; ask for /v1/healthcheck, /v1/schema, /v1/routes, /v1/services, /v1/upstreams, /v1/ocsp or "
                "/v1/plugin_metadatas");
}

http::Response only(std::string_view method) { return refuse(405, fmt::format("only {} is possible here", method)); }

http::Response html(std::string page) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
  response.body = std::move(page);
  return response;
}

std::int64_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Gives memory that is free back to the system, as far as the allocator knows of it.
http::Response collect_garbage() {
  ::malloc_trim(0);
  return answer_text(200, "");
}

}  // namespace

Task<http::Response> ControlApi::handle(const ServiceRequest& request) {
  std::vector<std::string> segments = segments_of(request.path);
  const std::string path = segments.empty() ? "" : segments[0] + (segments.size() > 1 ? "/" + segments[1] : "");
  const bool is_get = request.head.method == "GET" || request.head.method == "HEAD";
  if (path == "gc") co_return request.head.method == "POST" ? collect_garbage() : only("POST");
  if (path == "plugins/reload") {
    if (request.head.method != "PUT") co_return only("PUT");
    co_return co_await reload_plugins();
  }
  if (segments.empty()) co_return not_found();
  if (!is_get) co_return only("GET");
  const bool wants_html = request.head.headers.get("accept").value_or("").contains("text/html");
  co_return co_await answer_get(std::move(segments), wants_html);
}

Task<http::Response> ControlApi::answer_get(Segments segments, bool wants_html) {
  const std::string first = segments[0];
  const std::string id = segments.size() == 2 ? segments[1] : "";
  if (first == "healthcheck") co_return co_await answer_health(std::move(segments), wants_html);
  for (const Collection& collection : kCollections) {
    if (first == collection.all && segments.size() == 1) co_return co_await answer_entries(std::string(collection.all));
    if (first == collection.each && !id.empty()) {
      co_return co_await answer_entry(std::string(collection.all), id);
    }
  }
  if (first == "schema" && segments.size() == 1) co_return answer_schema();
  if (first == "ocsp" && segments.size() == 1) co_return answer_staples();
  if (first == "plugin_metadatas" && segments.size() == 1) co_return answer(200, json::Array());
  if (first == "plugin_metadata" && !id.empty()) {
    co_return refuse(404, fmt::format("plugin metadata[{}] not found: plugins have none here", id));
  }
  co_return not_found();
}

http::Response ControlApi::answer_schema() const {
  json::Object main, plugins;
  for (const resources::KindInfo& info : resources::kinds()) {
    main[info.schema_name] = resources::schema(info.kind).source();
  }
  for (const chain::PluginType* type : services_.catalog->by_priority()) {
    plugins[type->name()] = json::Object{{"version", 0.1},
                                         {"priority", type->priority()},
                                         {"schema", services_.catalog->schema(type->name())->source()}};
  }
  return answer(
      200,
      json::Object{{"main", std::move(main)}, {"plugins", std::move(plugins)}, {"stream_plugins", json::Object()}});
}

http::Response ControlApi::answer_staples() const {
  json::Array all;
  if (!services_.staples) return answer(200, std::move(all));
  for (const source::StapleState& state : services_.staples->describe()) {
    json::Object shown{{"certificate", state.certificate},
                       {"fingerprint", state.fingerprint},
                       {"responder", state.responder},
                       {"stapled", state.taken.has_value()},
                       {"failures", static_cast<std::int64_t>(state.failures)}};
    if (state.taken) shown["taken"] = seconds(*state.taken);
    if (state.taken) shown["until"] = seconds(state.until);
    if (state.asked) shown["last_try"] = seconds(*state.asked);
    if (!state.error.empty()) shown["error"] = state.error;
    all.emplace_back(std::move(shown));
  }
  return answer(200, std::move(all));
}

Task<http::Response> ControlApi::answer_health(Segments segments, bool wants_html) {
  std::vector<upstream::ClusterHealth> clusters = health_.clusters();
  if (segments.size() > 1) {
    const std::string& kind = segments[1];
    const bool is_known = std::ranges::find(kCollections, kind, &Collection::all) != kCollections.end();
    if (!is_known) co_return refuse(400, fmt::format("invalid src type {}", kind));
    if (segments.size() != 3) co_return refuse(404, fmt::format("missing src id for src type {}", kind));
    std::erase_if(clusters, [&](const auto& cluster) { return cluster.key != kind + "/" + segments[2]; });
    if (clusters.empty()) {
      const store::Key key{kind, segments[2]};
      auto entry = co_await services_.store->get(key);
      if (!entry) co_return refuse(entry.error());
      const std::string named = fmt::format("{}[{}]", kind, segments[2]);
      co_return refuse(404, *entry ? "no checker for " + named : named + " not found");
    }
  }
  if (wants_html) co_return html(health_page(clusters));
  if (segments.size() > 1) co_return answer(200, health_report(clusters.front()));
  json::Array all;
  for (const upstream::ClusterHealth& cluster : clusters) all.push_back(health_report(cluster));
  co_return answer(200, std::move(all));
}

Task<http::Response> ControlApi::answer_entries(std::string kind) {
  auto entries = co_await services_.store->list(std::move(kind));
  if (!entries) co_return refuse(entries.error());
  std::string body = "[";
  for (const store::EntryPtr& entry : *entries) {
    if (body.size() > 1) body += ',';
    print_entry(body, *entry);
  }
  co_return answer_text(200, body + "]\n");
}

Task<http::Response> ControlApi::answer_entry(std::string kind, std::string id) {
  const store::Key key{kind, id};
  auto entry = co_await services_.store->get(key);
  if (!entry) co_return refuse(entry.error());
  if (!*entry) co_return refuse(404, fmt::format("{}[{}] not found", kind, id));
  std::string body;
  print_entry(body, **entry);
  co_return answer_text(200, body + "\n");
}

Task<http::Response> ControlApi::reload_plugins() {
  async::Mutex::Lock lock = co_await services_.changes->lock();
  Status reloaded = services_.reload_plugins ? co_await services_.reload_plugins() : Status();
  co_return reloaded ? http::Response::text(200, "done") : refuse(reloaded.error());
}

}  // namespace sallyport::admin
