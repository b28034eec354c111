#pragma once
// SHA-256 (FIPS 180-4).

#include <string>
#include <string_view>

namespace sallyport {

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace sallyport
