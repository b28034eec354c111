#pragma once
// SipHash-2-4 with 128 bits (Aumasson, Bernstein): who does not know the key cannot make bytes that fit a digest.
// Gigabytes a second. For what this machine wrote itself; it is no hash to find bytes by.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport {

using DigestKey = std::array<std::uint8_t, 16>;
using KeyedDigest = std::array<std::uint8_t, 16>;

KeyedDigest keyed_digest(const DigestKey& key, std::string_view bytes);

}  // namespace sallyport
