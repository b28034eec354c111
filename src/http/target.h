#pragma once
// The target of a request (RFC 9112 3.2).

#include <optional>
#include <string_view>

namespace sallyport::http {

// A target in absolute form, "http://host:port/path?query". `path_and_query` is empty, or begins with '/' or '?'.
struct AbsoluteTarget {
  std::string_view authority;
  std::string_view path_and_query;
};

// Nothing when the scheme (any case) is not http or https. The authority is not judged.
std::optional<AbsoluteTarget> split_absolute(std::string_view target) noexcept;

}  // namespace sallyport::http
