#include "resources/secret.h"

#include "base/bytes.h"
#include "resources/references.h"
#include "resources/referring_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::resources {
namespace {

constexpr std::string_view kPrefix = "$secret://";

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_http(std::string_view uri) {
  const std::string scheme = to_lower(uri.substr(0, uri.find(':')));
  return scheme == "http" || scheme == "https";
}

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

}  // namespace

SecretManager secret_manager_from(const json::Value& value) {
  return {value.string_or("uri", ""), value.string_or("prefix", ""), value.string_or("token", ""),
          value.string_or("namespace", "")};
}

Status check_secret_manager(const json::Value& secret) {
  const std::string id = id_text(secret);
  if (id.empty() || id.starts_with("vault/")) return {};
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos) {
    return wrong(fmt::format("\"{}\" names no secret manager; the id of a secret is vault/ID", id));
  }
  return wrong(fmt::format("invalid secret manager: {}; the one that is supported is vault", id.substr(0, slash)));
}

Status check_secret_rules(const json::Value& secret) {
  if (!is_http(secret.string_or("uri", ""))) return wrong("uri: a vault is reached over http:// or https://");
  for (std::string_view name : {"token", "namespace"}) {
    if (has_control_character(secret.string_or(name, ""))) {
      return wrong(fmt::format("{} has a control character in it", name));
    }
  }
  return {};
}

bool is_secret_reference(std::string_view text) noexcept { return text.starts_with(kPrefix); }

Result<SecretReference> parse_secret_reference(std::string_view text) {
  if (!is_secret_reference(text)) return wrong("is no reference to a secret");
  const std::string_view path = text.substr(kPrefix.size());
  const std::size_t first = path.find('/');
  const std::size_t second = first == std::string_view::npos ? first : path.find('/', first + 1);
  const std::size_t last = path.rfind('/');
  if (second == std::string_view::npos || last <= second + 1 || last + 1 == path.size()) {
    return wrong("is not whole; write $secret://vault/ID/PATH/MEMBER");
  }
  SecretReference reference;
  reference.manager = path.substr(0, second);
  reference.path = path.substr(second + 1, last - second - 1);
  reference.member = path.substr(last + 1);
  return reference;
}

std::vector<std::string> secret_references_in(Kind kind, const json::Value& resource) {
  std::vector<std::string> found;
  if (kind == Kind::kSecret) return found;
  read_referring_texts(kind, resource, [&](const std::string& text) {
    if (is_secret_reference(text) && std::ranges::find(found, text) == found.end()) found.push_back(text);
  });
  return found;
}

Result<json::Value> with_secrets(Kind kind, json::Value resource, const SecretLookup& lookup) {
  if (kind == Kind::kSecret) return resource;
  TRY_STATUS(visit_referring_texts(kind, resource, [&](json::Value& text) -> Status {
    if (!is_secret_reference(text.string())) return {};
    Result<json::Value> value = lookup ? lookup(text.string()) : wrong("secrets are not fetched here");
    if (value) {
      text = *std::move(value);
    } else if (kind == Kind::kSsl) {
      return wrong(fmt::format("{}: {}", text.string(), value.error().what));
    }
    return {};
  }));
  return resource;
}

}  // namespace sallyport::resources
