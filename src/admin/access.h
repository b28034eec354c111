#pragma once
// Who may use the Admin API: peers by address, then keys with a role. An AccessRules is a plain value of the settings.

#include "admin/admin_request.h"
#include "base/ip_range.h"
#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::admin {

enum class Role : std::uint8_t { kAdmin, kViewer };  // a viewer may only GET

struct Key {
  std::string name;
  std::string key;
  Role role = Role::kAdmin;
};

// Published in every recipe of the field. Like a key that is too short to be a secret, it opens from this machine only.
inline constexpr std::string_view kPublicKey = "edd1c9f034335f136f87ad84b625c8f1";
inline constexpr std::size_t kMinKeyLength = 16;

struct AccessRules {
  IpRanges allow_from;       // empty: everybody
  bool key_required = true;  // false: the address is enough
  std::vector<Key> keys;
};

// 403 when the peer's address is not allowed, else nothing.
std::optional<http::Response> refuse_address(const AccessRules& rules, const AdminRequest& request);

// 401 with the reason in `description`, or nothing. The key is the query argument `api_key`, else the header X-API-KEY,
// else the cookie `x_api_key`; the time that takes does not tell how much of a key is right.
std::optional<http::Response> refuse_key(const AccessRules& rules, const AdminRequest& request);

}  // namespace sallyport::admin
