#pragma once
// The target of a request (RFC 9112 3.2): its forms, and the one normalisation of its path that everything uses.

#include "base/arena.h"

#include <cstdint>
#include <expected>
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

// Two views of one path. They name the same resource: both have the same dot segments resolved in the same way, so that
// what a rule decides about `uri` holds for what the upstream is asked for.
struct Target {
  std::string_view uri;    // percent-decoded, repeated slashes merged: what routes, plugins and logs look at
  std::string_view path;   // as sent, nothing decoded and no slash merged: what the upstream gets
  std::string_view query;  // as sent, after the first '?'
  bool has_query = false;
};

// Whether "%2F" in a path is refused, or stays as these three characters in `uri`.
enum class EncodedSlash : std::uint8_t { kRefuse, kKeep };

// Normalises a target in origin form, absolute form (an empty path is "/") or "*". The texts are views of `target` or
// lie in `arena`; a plain path costs one scan and no memory.
//
// Error: a token for the log; the answer is 400. Refused are bytes outside visible ASCII, '#' and '\' in the path,
// escapes without two hex digits, escapes of '/', '\' and NUL, segments that decode to "." or "..", ".." above the
// root, and overlong UTF-8 (a second spelling of a character that a rule may look for). "a//.." removes `a`, as it does
// after merging.
std::expected<Target, std::string_view> normalise_target(std::string_view target, Arena& arena,
                                                         EncodedSlash encoded_slash = EncodedSlash::kRefuse);

}  // namespace sallyport::http
