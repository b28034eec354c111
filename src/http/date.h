#pragma once
// The `Date` of responses (RFC 9110 5.6.7), formatted once a second and thread.

#include <string_view>

namespace sallyport::http {

// "Sun, 06 Nov 1994 08:49:37 GMT"; valid until the next call on this thread.
std::string_view current_date() noexcept;

}  // namespace sallyport::http
