#pragma once
// SHA-1 (FIPS 180-4), where a protocol asks for it. It keeps nothing secret and proves nothing.

#include <array>
#include <string_view>

namespace sallyport {

std::array<unsigned char, 20> sha1(std::string_view bytes);

}  // namespace sallyport
