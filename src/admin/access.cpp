#include "admin/access.h"

#include "admin/answers.h"
#include "base/bytes.h"

#include <fmt/format.h>

namespace sallyport::admin {
namespace {

http::Response unauthorized(std::string_view description) {
  return answer(401, json::Object{{"error_msg", "failed to check token"}, {"description", description}});
}

std::string_view cookie_key(std::string_view cookie) {
  constexpr std::string_view kName = "x_api_key=";
  for (std::string_view part : split(cookie, ';')) {
    part = trim(part);
    if (part.starts_with(kName)) return part.substr(kName.size());
  }
  return {};
}

std::string_view given_key(const AdminRequest& request) {
  if (auto argument = request.argument("api_key"); argument && !argument->empty()) return *argument;
  if (!request.key_header.empty()) return request.key_header;
  return cookie_key(request.cookie);
}

// Looks at every byte of `given`, whatever it finds.
bool equals(std::string_view given, std::string_view key) {
  unsigned difference = given.size() != key.size() || key.empty();
  for (std::size_t i = 0; i < given.size() && !key.empty(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(key[i % key.size()]);
  }
  return difference == 0;
}

const Key* find_key(const std::vector<Key>& keys, std::string_view given) {
  const Key* found = nullptr;
  for (const Key& key : keys) {
    if (equals(given, key.key) && !found) found = &key;
  }
  return found;
}

// Why this key opens from this machine only; empty when it does not.
std::string weakness(const Key& key) {
  if (key.key == kPublicKey) return "this key is publicly known";
  if (key.key.size() < kMinKeyLength) return fmt::format("this key is shorter than {} characters", kMinKeyLength);
  return {};
}

}  // namespace

std::optional<http::Response> refuse_address(const AccessRules& rules, const AdminRequest& request) {
  if (rules.allow_from.empty() || request.peer.ip() == "unix:" || rules.allow_from.contains(request.peer.ip()))
    return {};
  return refuse(
      403, fmt::format("{} may not use the Admin API; deployment.admin.allow_admin names who may", request.peer.ip()));
}

std::optional<http::Response> refuse_key(const AccessRules& rules, const AdminRequest& request) {
  if (!rules.key_required) return {};
  std::string_view given = given_key(request);
  if (given.empty()) return unauthorized("missing apikey");
  const Key* key = find_key(rules.keys, given);
  if (!key) return unauthorized("wrong apikey");
  std::string weak = weakness(*key);
  if (!weak.empty() && !request.peer.is_loopback()) {
    return unauthorized(weak +
                        " and opens from the gateway's own machine only; configure another one as "
                        "deployment.admin.admin_key");
  }
  if (key->role == Role::kViewer && request.method != "GET") return unauthorized("invalid method for role viewer");
  return {};
}

}  // namespace sallyport::admin
