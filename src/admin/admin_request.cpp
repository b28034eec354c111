#include "admin/admin_request.h"

#include "base/bytes.h"
#include "http/target.h"

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

Result<AdminRequest> AdminRequest::from(const http::RequestHead& head, const async::Address& peer, std::string body) {
  Arena arena;
  auto target = http::normalise_target(head.target, arena);
  if (!target) return fail(ErrorCode::kInvalid, std::string(target.error()));
  AdminRequest request;
  request.method = head.method;
  request.path = target->uri;
  request.arguments = parse_arguments(target->query);
  request.key_header = head.headers.get("x-api-key").value_or("");
  request.cookie = head.headers.get("cookie").value_or("");
  request.peer = peer;
  request.body = std::move(body);
  return request;
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
