#include "resources/referring_texts.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::resources {
namespace {

// `AnyValue`: a json::Value, or a constant one.
template <class AnyValue, class Visit>
Status visit_texts(AnyValue& value, const Visit& visit) {
  if (value.is_string()) return visit(value);
  if (value.is_array()) {
    for (AnyValue& item : value.array()) TRY_STATUS(visit_texts(item, visit));
  } else if (value.is_object()) {
    for (auto& [name, member] : value.object()) TRY_STATUS(visit_texts<AnyValue>(member, visit));
  }
  return {};
}

template <class AnyValue, class Visit>
Status visit_plugins(AnyValue& plugins, const Visit& visit) {
  if (!plugins.is_object()) return {};
  for (auto& [name, conf] : plugins.object()) {
    if (Status visited = visit_texts<AnyValue>(conf, visit); !visited) {
      return fail_at("plugin " + std::string(name), std::move(visited).error());
    }
  }
  return {};
}

std::vector<std::string_view> members_of(Kind kind) {
  if (kind == Kind::kSsl) return {"cert", "key", "certs", "keys", "client"};
  if (kind == Kind::kSecret) return {"token"};
  return {};
}

template <class AnyValue, class Visit>
Status visit(Kind kind, AnyValue& resource, const Visit& visit) {
  if (!resource.is_object()) return {};
  for (std::string_view name : members_of(kind)) {
    AnyValue* member = resource.object().find(name);
    if (!member) continue;
    if (Status visited = visit_texts(*member, visit); !visited) {
      return fail_at(std::string(name), std::move(visited).error());
    }
  }
  AnyValue* plugins = resource.object().find("plugins");
  return plugins ? visit_plugins(*plugins, visit) : Status();
}

}  // namespace

Status visit_referring_texts(Kind kind, json::Value& resource, const VisitText& visit_text) {
  return visit(kind, resource, visit_text);
}

void read_referring_texts(Kind kind, const json::Value& resource, const std::function<void(const std::string&)>& read) {
  [[maybe_unused]] const Status visited = visit(kind, resource, [&](const json::Value& text) -> Status {
    read(text.string());
    return {};
  });
}

}  // namespace sallyport::resources
