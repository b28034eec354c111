// The arguments of a query of the Admin API, however they are written: encoded anew they are the same.

#include "admin/admin_request.h"
#include "require.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;

std::string encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string written;
  for (const unsigned char c : text) {
    written += '%';
    written += kHex[c >> 4];
    written += kHex[c & 15];
  }
  return written;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto arguments = admin::parse_arguments({reinterpret_cast<const char*>(data), size});
  std::string query;
  for (const auto& [name, value] : arguments) query += "&" + encoded(name) + "=" + encoded(value);
  require(admin::parse_arguments(query) == arguments);
  return 0;
}
