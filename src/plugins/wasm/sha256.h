#pragma once
// SHA-256 (FIPS 180-4), for the identity of modules.

#include <string>
#include <string_view>

namespace sallyport::wasm {

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace sallyport::wasm
