#pragma once
// Bodies in the gzip coding (RFC 9110 8.4.1.3) as plain bytes.

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::plugins::native {

// At most `limit` bytes of what `compressed` holds, and of input that ends early what is there of it.
// Error: kProtocol: the bytes are not in that coding.
Result<std::string> decode_gzip(std::string_view compressed, std::size_t limit);

}  // namespace sallyport::plugins::native
