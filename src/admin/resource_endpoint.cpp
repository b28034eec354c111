#include "admin/resource_endpoint.h"

#include "admin/answers.h"
#include "admin/collection.h"
#include "admin/ends.h"
#include "admin/patch.h"
#include "admin/resource_checks.h"
#include "admin/resource_writer.h"
#include "admin/stamps.h"
#include "json/parse.h"
#include "resources/references.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::admin {
namespace {

using resources::KindInfo;
using resources::Method;

std::optional<Method> method_of(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "PUT") return Method::kPut;
  if (name == "POST") return Method::kPost;
  if (name == "PATCH") return Method::kPatch;
  if (name == "DELETE") return Method::kDelete;
  return {};
}

store::Key key_of(const KindInfo& info, std::string id) { return {std::string(info.folder), std::move(id)}; }

std::string missing_id(const KindInfo& info) { return fmt::format("missing {} id", info.name); }
std::string wrong_id(const KindInfo& info) { return fmt::format("wrong {} id", info.name); }

// Ids of secrets have two parts: "secrets/vault/1". Without the second there is no id.
void join_manager(std::vector<std::string>& segments) {
  if (segments.size() < 2) return;
  if (segments.size() > 2) segments[2].insert(0, segments[1] + "/");
  segments.erase(segments.begin() + 1);
}

}  // namespace

Task<http::Response> ResourceEndpoint::handle(const KindInfo& info, const AdminRequest& request,
                                              std::vector<std::string> segments) {
  auto method = method_of(request.method);
  if (!method) co_return refuse(404, "not found");
  if (!info.allows(*method)) {
    co_return refuse(405, fmt::format("not supported `{}` method for {}", request.method, info.name));
  }
  if (info.kind == resources::Kind::kSecret) join_manager(segments);
  std::string id = segments.size() > 1 ? segments[1] : "";
  if (*method == Method::kGet) co_return co_await get(info, request, std::move(id));
  if (Status writable = services_.store->writable(); !writable) co_return refuse(405, writable.error().what);

  Write about{info, request, std::move(id), {}, {}, {}};
  if (segments.size() > 2) about.sub_path.assign(segments.begin() + 2, segments.end());
  if (*method != Method::kDelete && !request.body.empty()) {
    auto body = json::parse(request.body);
    if (!body) {
      co_return answer(
          400, json::Object{{"error_msg", "invalid request body: " + body.error().what}, {"req_body", request.body}});
    }
    about.body = *std::move(body);
  }
  co_return co_await write(*method, std::move(about));
}

Task<http::Response> ResourceEndpoint::get(const KindInfo& info, const AdminRequest& request, std::string id) {
  if (id.empty()) {
    auto entries = co_await services_.store->list(std::string(info.folder));
    co_return entries ? answer_collection(&info, *entries, request) : refuse(entries.error());
  }
  auto entry = co_await services_.store->get(key_of(info, std::move(id)));
  if (!entry) co_return refuse(entry.error());
  if (!*entry) co_return key_not_found();
  std::string body;
  print_entry(body, **entry);
  co_return answer_text(200, body + "\n");
}

Task<http::Response> ResourceEndpoint::write(Method method, Write about) {
  if (method != Method::kDelete) {
    auto end = end_of_ttl(about.request, *services_.clock);
    if (!end) co_return refuse(end.error());
    about.end = *end;
  }
  async::Mutex::Lock lock = co_await services_.changes->lock();
  switch (method) {
    case Method::kPut:
      co_return co_await put(std::move(about));
    case Method::kPost:
      co_return co_await post(std::move(about));
    case Method::kPatch:
      co_return co_await patch(std::move(about));
    default:
      co_return co_await remove(std::move(about));
  }
}

Task<http::Response> ResourceEndpoint::put(Write about) {
  if (!about.body) co_return refuse(400, "missing configurations");
  json::Value& value = *about.body;
  std::string own_id = resources::id_text(value);
  if (about.id.empty() && own_id.empty()) co_return refuse(400, missing_id(about.info));
  if (!about.id.empty() && value.find("id") && own_id != about.id) co_return refuse(400, wrong_id(about.info));
  if (!about.id.empty() && value.is_object()) value.object()["id"] = about.id;
  if (Status stamps = refuse_stamps(value); !stamps) co_return refuse(stamps.error());
  if (Status checked = co_await check(about.info, value); !checked) co_return refuse(checked.error());

  store::Key key = key_of(about.info, about.id.empty() ? own_id : about.id);
  auto old = co_await services_.store->get(key);
  if (!old) co_return refuse(old.error());
  stamp_new(value, *old ? &(*old)->value : nullptr, services_.clock->wall());
  auto stored = co_await ResourceWriter(services_).put(std::move(key), std::move(value), {}, about.end);
  co_return stored ? answer_written(*old ? 200 : 201, **stored) : refuse(stored.error());
}

Task<http::Response> ResourceEndpoint::post(Write about) {
  if (!about.body) co_return refuse(400, "missing configurations");
  json::Value& value = *about.body;
  if (!about.id.empty() || value.find("id")) co_return refuse(400, wrong_id(about.info) + ", do not need it");
  if (Status stamps = refuse_stamps(value); !stamps) co_return refuse(stamps.error());
  if (Status checked = co_await check(about.info, value); !checked) co_return refuse(checked.error());

  auto revision = co_await services_.store->next_revision();
  if (!revision) co_return refuse(revision.error());
  std::string id = fmt::format("{:020}", *revision);
  value.object()["id"] = id;
  stamp_new(value, nullptr, services_.clock->wall());
  store::Key key = key_of(about.info, std::move(id));
  auto stored = co_await ResourceWriter(services_).put(std::move(key), std::move(value), store::kAbsent, about.end);
  co_return stored ? answer_written(201, **stored) : refuse(stored.error());
}

Task<http::Response> ResourceEndpoint::patch(Write about) {
  if (about.id.empty()) co_return refuse(400, missing_id(about.info));
  if (!about.body) co_return refuse(400, "missing new configuration");
  if (about.sub_path.empty() && !about.body->is_object()) co_return refuse(400, "invalid configuration");
  store::Key key = key_of(about.info, about.id);
  auto old = co_await services_.store->get(key);
  if (!old) co_return refuse(old.error());
  if (!*old) co_return key_not_found();

  json::Value value = (*old)->value;
  if (about.sub_path.empty()) {
    merge(value, *about.body);
  } else if (Status set = set_at(value, about.sub_path, *about.body); !set) {
    co_return refuse(set.error());
  }
  stamp_patched(value, about.sub_path.empty() ? &*about.body : nullptr, services_.clock->wall());
  if (value.find("id") && resources::id_text(value) != about.id) co_return refuse(400, wrong_id(about.info));
  value.object()["id"] = about.id;
  if (Status checked = co_await check(about.info, value); !checked) co_return refuse(checked.error());
  auto stored =
      co_await ResourceWriter(services_).put(std::move(key), std::move(value), (*old)->modified_index, about.end);
  co_return stored ? answer_written(200, **stored) : refuse(stored.error());
}

Task<http::Response> ResourceEndpoint::remove(Write about) {
  if (about.id.empty()) co_return refuse(400, missing_id(about.info));
  if (about.request.argument("force") != "true") {
    Status unused = co_await check_unused(*services_.store, about.info, about.id);
    if (!unused) co_return refuse(unused.error());
  }
  store::Key key = key_of(about.info, about.id);
  auto old = co_await services_.store->get(key);
  if (!old) co_return refuse(old.error());
  if (!*old) co_return key_not_found();
  Status removed = co_await ResourceWriter(services_).remove(key);
  if (!removed) co_return refuse(removed.error());
  co_return answer(200, json::Object{{"deleted", "1"}, {"key", key_text(key)}});
}

Task<Status> ResourceEndpoint::check(const KindInfo& info, const json::Value& value) {
  if (services_.know_secrets) {
    std::vector<std::string> references = resources::secret_references_in(info.kind, value);
    co_await services_.know_secrets(std::move(references));
  }
  if (Status checked = check_value(info, value, *services_.catalog, services_.secrets); !checked) co_return checked;
  co_return co_await check_among_others(*services_.store, info, value);
}

}  // namespace sallyport::admin
