#include "resources/environment_references.h"

#include "base/bytes.h"
#include "json/parse.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace sallyport::resources {
namespace {

constexpr std::string_view kPrefix = "$env://";

bool is_reference(std::string_view text) { return equals_ignoring_case(text.substr(0, kPrefix.size()), kPrefix); }

Result<json::Value> look_up(std::string_view reference, const EnvironmentLookup& lookup) {
  const std::string_view path = reference.substr(kPrefix.size());
  const std::size_t slash = path.find('/');
  const std::string name(path.substr(0, slash));
  auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: the environment variable {} {}", reference, name, what));
  };
  std::optional<std::string> value = lookup(name);
  if (!value) return wrong("is not set");
  const std::string_view member = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  if (member.empty()) return json::Value(*std::move(value));
  auto parsed = json::parse(*value);
  if (!parsed || !parsed->is_object()) return wrong("is no JSON object");
  const json::Value* found = parsed->find(member);
  if (!found) return wrong(fmt::format("has no member \"{}\"", member));
  return *found;
}

Status resolve(json::Value& value, const EnvironmentLookup& lookup) {
  if (value.is_string() && is_reference(value.string())) {
    TRY(value, look_up(std::string(value.string()), lookup));
  } else if (value.is_array()) {
    for (json::Value& item : value.array()) TRY_STATUS(resolve(item, lookup));
  } else if (value.is_object()) {
    for (auto& [name, member] : value.object()) TRY_STATUS(resolve(member, lookup));
  }
  return {};
}

Status resolve_member(json::Value& resource, std::string_view name, const EnvironmentLookup& lookup) {
  json::Value* member = resource.object().find(name);
  if (!member) return {};
  Status resolved = resolve(*member, lookup);
  return resolved ? resolved : fail_at(std::string(name), std::move(resolved).error());
}

Status resolve_plugins(json::Value& resource, const EnvironmentLookup& lookup) {
  json::Value* plugins = resource.object().find("plugins");
  if (!plugins || !plugins->is_object()) return {};
  for (auto& [name, conf] : plugins->object()) {
    if (Status resolved = resolve(conf, lookup); !resolved) {
      return fail_at("plugin " + std::string(name), std::move(resolved).error());
    }
  }
  return {};
}

void put_back(std::string& text, const json::Value& written, const json::Value& used) {
  if (written.is_array()) {
    for (std::size_t i = 0; i < written.array().size(); ++i) put_back(text, written.array()[i], used.array()[i]);
  } else if (written.is_object()) {
    for (const auto& [name, member] : written.object()) put_back(text, member, *used.find(name));
  } else if (written.is_string() && used.is_string() && written != used && !used.string().empty()) {
    const std::string& value = used.string();
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos; at += written.string().size()) {
      text.replace(at, value.size(), written.string());
    }
  }
}

}  // namespace

std::unexpected<Error> told_without_values(Error error, const json::Value& written, const json::Value& used) {
  put_back(error.what, written, used);
  return fail(std::move(error));
}

Result<json::Value> with_environment(Kind kind, json::Value resource, const EnvironmentLookup& lookup) {
  if (!resource.is_object()) return resource;
  if (kind != Kind::kSsl) {
    TRY_STATUS(resolve_plugins(resource, lookup));
    return resource;
  }
  for (std::string_view name : {"cert", "key", "certs", "keys", "client"}) {
    TRY_STATUS(resolve_member(resource, name, lookup));
  }
  return resource;
}

}  // namespace sallyport::resources
