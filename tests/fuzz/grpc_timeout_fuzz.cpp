// The deadline that a client gives a call (grpc-timeout): what is one lies within what eight digits of any unit can
// say, and is the same when it is written in milliseconds.

#include "http/grpc.h"
#include "require.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::chrono::hours kMost{99'999'999};
  constexpr std::size_t kMostDigits = 8;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto timeout = http::parse_grpc_timeout(text);
  if (!timeout) return 0;
  require(size <= kMostDigits + 1 && text.find_first_not_of("0123456789") == size - 1);
  require(*timeout >= Milliseconds(1) && *timeout <= kMost);
  const std::string again = std::to_string(timeout->count());
  if (again.size() <= kMostDigits) require(http::parse_grpc_timeout(again + "m") == timeout);
  return 0;
}
