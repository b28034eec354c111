#pragma once
// Base64 as in RFC 4648 4.

#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// Padding may be missing; nothing when a character is outside the alphabet or the length is impossible.
std::optional<std::string> base64_decode(std::string_view text);

// With padding.
std::string base64_encode(std::string_view bytes);

}  // namespace sallyport
