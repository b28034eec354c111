#include "source/url.h"

#include "base/bytes.h"
#include "http/authority.h"
#include "http/target.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::source {
namespace {

constexpr std::size_t kLongest = 8192;

std::uint16_t default_port(bool is_secure) { return is_secure ? 443 : 80; }

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string target_of(std::string_view path_and_query) {
  path_and_query = path_and_query.substr(0, path_and_query.find('#'));
  std::string target(path_and_query);
  if (!target.starts_with('/')) target.insert(0, "/");
  return target;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(is_secure)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::shown() const {
  return fmt::format("{}://{}{}", is_secure ? "https" : "http", authority(), target.substr(0, target.find('?')));
}

bool Url::has_same_origin(const Url& other) const noexcept {
  return is_secure == other.is_secure && host == other.host && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
  auto parts = http::split_absolute(text);
  if (!parts || text.size() > kLongest || !is_visible(text)) {
    return fail(ErrorCode::kInvalid, "is no address; write https://host/path, http://host/path or oci://host/name:tag");
  }
  if (parts->authority.find('@') != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, "has a name or a password in it; give them as username and password beside it");
  }
  auto authority = http::parse_authority(parts->authority);
  if (!authority || authority->port == 0) return fail(ErrorCode::kInvalid, "names no host, or one that cannot be");
  Url url;
  url.is_secure = to_lower(text.substr(0, 5)) == "https";
  url.host = to_lower(authority->host);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.port = authority->port.value_or(default_port(url.is_secure));
  url.target = target_of(parts->path_and_query);
  return url;
}

Result<Url> follow(const Url& from, std::string_view location) {
  if (http::split_absolute(location)) return parse_url(location);
  const std::string scheme = from.is_secure ? "https:" : "http:";
  if (location.starts_with("//")) return parse_url(scheme + std::string(location));
  if (location.empty() || location.size() > kLongest || !is_visible(location) ||
      location.substr(0, location.find_first_of("/?#")).find(':') != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, "leads to what is no address of http or https");
  }
  Url url = from;
  const std::string path = from.target.substr(0, from.target.find('?'));
  if (location.starts_with('/')) {
    url.target = target_of(location);
  } else if (location.starts_with('?')) {
    url.target = target_of(path + std::string(location));
  } else {
    url.target = target_of(path.substr(0, path.rfind('/') + 1) + std::string(location));
  }
  return url;
}

}  // namespace sallyport::source
