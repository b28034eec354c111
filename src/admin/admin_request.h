#pragma once
// A request to the Admin API, taken out of its connection. A plain value that owns its text, because a write goes on
// when the connection has gone.

#include "async/address.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::admin {

struct ServiceRequest;

// Of the body of most requests, see AdminApi::body_limit.
inline constexpr std::size_t kMaxBodyBytes = 1'572'864;

struct AdminRequest {
  std::string method;
  std::string path;                                            // normalised and decoded
  std::vector<std::pair<std::string, std::string>> arguments;  // of the query, decoded
  std::string key_header;                                      // X-API-KEY
  std::string cookie;
  std::string content_type;  // without its parameters
  async::Address peer;
  std::string body;

  static AdminRequest from(const ServiceRequest& request);

  // The first of that name.
  std::optional<std::string_view> argument(std::string_view name) const noexcept;

  // What stands between the slashes behind `/apisix/admin`, empty ones left out; nothing when the path is elsewhere.
  std::optional<std::vector<std::string>> segments() const;
};

// "a=1&b=%20+" as pairs, decoded; `+` is a space.
std::vector<std::pair<std::string, std::string>> parse_arguments(std::string_view query);

}  // namespace sallyport::admin
