// Whatever the target, both views of an accepted path are in normal form, and normalising the upstream's view again
// gives both back.

#include "http/byte_scan.h"
#include "http/target.h"
#include "require.h"

#include <cstdint>

namespace {

using namespace sallyport;

void require_no_dot_segments(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    require(segment != "." && segment != "..");
    path.remove_prefix(segment.size());
  }
}

void require_normal(const http::Target& target) {
  require(target.uri.starts_with('/') && target.path.starts_with('/'));
  require(http::is_all<http::kPathByte>(target.path) && http::is_all<http::kTargetByte>(target.query));
  require(target.uri.find("//") == std::string_view::npos);
  require(target.uri.find('\\') == std::string_view::npos && target.uri.find('\0') == std::string_view::npos);
  require_no_dot_segments(target.uri);
  require_no_dot_segments(target.path);
}

void require_stable(const http::Target& target, Arena& arena, http::EncodedSlash encoded_slash) {
  auto again = http::normalise_target(target.path, arena, encoded_slash);
  require(again && again->uri == target.uri && again->path == target.path && !again->has_query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Arena arena;
  for (auto encoded_slash : {http::EncodedSlash::kRefuse, http::EncodedSlash::kKeep}) {
    auto target = http::normalise_target(bytes, arena, encoded_slash);
    if (!target || bytes == "*") continue;
    require_normal(*target);
    require_stable(*target, arena, encoded_slash);
  }
  return 0;
}
