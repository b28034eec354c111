#include "admin/admin_request.h"

#include "admin/http_service.h"
#include "base/bytes.h"

#include <algorithm>

namespace sallyport::admin {
namespace {

constexpr std::string_view kRoot = "/apisix/admin";

std::string decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_arguments(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> found;
  for (std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    std::size_t equals = part.find('=');
    std::string_view value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    found.emplace_back(decode(part.substr(0, equals)), decode(value));
  }
  return found;
}

AdminRequest AdminRequest::from(const ServiceRequest& request) {
  AdminRequest taken;
  taken.method = request.head.method;
  taken.path = request.path;
  taken.arguments = parse_arguments(request.query);
  taken.key_header = request.head.headers.get("x-api-key").value_or("");
  taken.cookie = request.head.headers.get("cookie").value_or("");
  std::string_view content_type = request.head.headers.get("content-type").value_or("");
  taken.content_type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  taken.peer = request.peer;
  taken.body = request.body;
  return taken;
}

std::optional<std::string_view> AdminRequest::argument(std::string_view name) const noexcept {
  for (const auto& [key, value] : arguments) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::vector<std::string>> AdminRequest::segments() const {
  std::string_view rest = path;
  if (!rest.starts_with(kRoot)) return {};
  rest.remove_prefix(kRoot.size());
  if (!rest.empty() && rest.front() != '/') return {};
  std::vector<std::string> found;
  for (std::string_view part : split(rest, '/')) {
    if (!part.empty()) found.emplace_back(part);
  }
  return found;
}

}  // namespace sallyport::admin
