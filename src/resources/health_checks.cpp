#include "resources/health_checks.h"

#include "base/bytes.h"
#include "resources/members.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sallyport::resources {
namespace {

constexpr std::array<std::string_view, 3> kTypes{"http", "https", "tcp"};  // in the order of CheckType
const json::Value kNothing;

const json::Value& member(const json::Value& value, std::string_view name) {
  const json::Value* found = value.find(name);
  return found ? *found : kNothing;
}

StatusSet statuses(const json::Value& part, std::initializer_list<int> otherwise) {
  StatusSet set;
  const json::Value* written = part.find("http_statuses");
  if (written && written->is_array()) {
    for (const json::Value& status : written->array()) set.add(status.integer());
  } else {
    for (const int status : otherwise) set.add(status);
  }
  return set;
}

std::uint8_t limit(const json::Value& part, std::string_view name, int otherwise) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(part.integer_or(name, otherwise), 0, 254));
}

CheckType type_of(const json::Value& checks) {
  const auto found = std::ranges::find(kTypes, checks.string_or("type", "http"));
  return found == kTypes.end() ? CheckType::kHttp : static_cast<CheckType>(found - kTypes.begin());
}

// Empty where the line has no colon.
std::pair<std::string, std::string> field_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  return {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
}

ActiveChecks active_from(const json::Value& written) {
  const json::Value& healthy = member(written, "healthy");
  const json::Value& unhealthy = member(written, "unhealthy");
  ActiveChecks checks;
  checks.type = type_of(written);
  checks.timeout = std::max(milliseconds(written.number_or("timeout", 1)), Milliseconds(1));
  checks.concurrency = static_cast<std::size_t>(std::max<std::int64_t>(1, written.integer_or("concurrency", 10)));
  checks.host = written.string_or("host", "");
  if (written.find("port")) checks.port = static_cast<std::uint16_t>(written.integer_or("port", 0));
  checks.method = written.string_or("http_method", "GET");
  checks.path = written.string_or("http_path", "/");
  checks.body = written.string_or("http_req_body", "");
  for (const std::string& line : strings(written, "req_headers")) checks.headers.push_back(field_of(line));
  checks.verify_certificate = written.boolean_or("https_verify_certificate", true);
  checks.healthy_interval = milliseconds(healthy.number_or("interval", 1));
  checks.unhealthy_interval = milliseconds(unhealthy.number_or("interval", 1));
  checks.limits.healthy_statuses = statuses(healthy, {200, 302});
  checks.limits.unhealthy_statuses = statuses(unhealthy, {429, 404, 500, 501, 502, 503, 504, 505});
  checks.limits.successes = limit(healthy, "successes", 2);
  checks.limits.http_failures = limit(unhealthy, "http_failures", 5);
  checks.limits.tcp_failures = limit(unhealthy, "tcp_failures", 2);
  checks.limits.timeouts = limit(unhealthy, "timeouts", 3);
  return checks;
}

PassiveChecks passive_from(const json::Value& written) {
  const json::Value& healthy = member(written, "healthy");
  const json::Value& unhealthy = member(written, "unhealthy");
  PassiveChecks checks;
  checks.recovery_time = milliseconds(unhealthy.number_or("recovery_time", 30));
  checks.limits.healthy_statuses = statuses(healthy, {200, 201, 202, 203, 204, 205, 206, 207, 208, 226,  //
                                                      300, 301, 302, 303, 304, 305, 306, 307, 308});
  checks.limits.unhealthy_statuses = statuses(unhealthy, {429, 500, 503});
  checks.limits.successes = limit(healthy, "successes", 5);
  checks.limits.http_failures = limit(unhealthy, "http_failures", 5);
  checks.limits.tcp_failures = limit(unhealthy, "tcp_failures", 2);
  checks.limits.timeouts = limit(unhealthy, "timeouts", 7);
  return checks;
}

}  // namespace

void StatusSet::add(std::int64_t status) {
  if (status >= 0 && status < kEnd) bits_.set(static_cast<std::size_t>(status));
}

std::string_view name_of(CheckType type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<HealthChecks> health_checks_from(const json::Value& upstream) {
  const json::Value& written = member(upstream, "checks");
  const json::Value* active = written.find("active");
  const json::Value* passive = written.find("passive");
  if (!active && !passive) return std::nullopt;
  HealthChecks checks;
  if (active) checks.active = active_from(*active);
  if (passive) checks.passive = passive_from(*passive);
  checks.shown_type = type_of(active ? *active : *passive);
  return checks;
}

Status check_health_check_rules(const json::Value& upstream) {
  const json::Value& active = member(member(upstream, "checks"), "active");
  const std::string path = active.string_or("http_path", "/");
  if (!path.starts_with('/')) {
    return fail(ErrorCode::kInvalid, "checks.active.http_path: \"" + path + "\" does not begin with \"/\"");
  }
  for (const std::string& line : strings(active, "req_headers")) {
    if (!field_of(line).first.empty()) continue;
    return fail(ErrorCode::kInvalid, "checks.active.req_headers: \"" + line + "\" is no field; write \"Name: value\"");
  }
  return {};
}

}  // namespace sallyport::resources
