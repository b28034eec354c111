#include "resources/environment_references.h"

#include "base/bytes.h"
#include "json/parse.h"
#include "resources/referring_texts.h"

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
  TRY_STATUS(visit_referring_texts(kind, resource, [&](json::Value& text) -> Status {
    if (!is_reference(text.string())) return {};
    TRY(text, look_up(std::string(text.string()), lookup));
    return {};
  }));
  return resource;
}

}  // namespace sallyport::resources
