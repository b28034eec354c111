#pragma once
// UTF-8 as bytes (RFC 3629): what is a code point, and how many are there.

#include <cstddef>
#include <string_view>

namespace sallyport::json {

// Bytes of the well-formed code point at the start of `text`; 0 when the bytes are not UTF-8, or there are none.
std::size_t code_point_size(std::string_view text) noexcept;

// Code points of `text`; a byte that belongs to none counts as one.
std::size_t count_code_points(std::string_view text) noexcept;

}  // namespace sallyport::json
