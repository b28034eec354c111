#include "resources/rules.h"

#include "resources/plugin_confs.h"
#include "resources/secret.h"
#include "resources/ssl.h"
#include "resources/upstream.h"

#include <fmt/format.h>

namespace sallyport::resources {
namespace {

Status check_only_one(const json::Value& value, std::string_view one, std::string_view many) {
  if (!value.find(one) || !value.find(many)) return {};
  return fail(ErrorCode::kInvalid, fmt::format("only one of {} or {} is allowed", one, many));
}

}  // namespace

Status check_contradictions(Kind kind, const json::Value& value) {
  if (kind == Kind::kSecret) return check_secret_manager(value);
  if (kind != Kind::kRoute) return {};
  TRY_STATUS(check_only_one(value, "host", "hosts"));
  return check_only_one(value, "remote_addr", "remote_addrs");
}

Status check_rules(Kind kind, const json::Value& value, std::string_view schema_prefix) {
  if (kind == Kind::kSsl) return check_ssl_rules(value);
  if (kind == Kind::kSecret) return check_secret_rules(value);
  if (kind == Kind::kUpstream) return check_upstream_rules(value, schema_prefix);
  if (const json::Value* upstream = value.find("upstream")) TRY_STATUS(check_upstream_rules(*upstream, schema_prefix));
  TRY_STATUS(plugin_confs_from(value));
  return {};
}

}  // namespace sallyport::resources
