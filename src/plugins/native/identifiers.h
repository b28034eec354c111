#pragma once
// Texts that name something once: random, or ordered by time.

#include "base/clock.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::plugins::native {

std::string make_uuid();                 // version 4, RFC 9562 5.4
std::string make_uuid_v7(WallTime now);  // RFC 9562 5.7; on one thread each is greater than the one before
std::string make_nanoid();               // 21 characters of letters, digits, '-' and '_'
std::string make_ksuid(WallTime now);    // 27 base-62 digits: seconds since 1 400 000 000, then 16 random bytes

// `length` bytes, each drawn from `alphabet`, which is not empty.
std::string make_from_alphabet(std::string_view alphabet, std::size_t length);

}  // namespace sallyport::plugins::native
