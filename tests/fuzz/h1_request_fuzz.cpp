// However a request is cut, it comes to the same; and one that is accepted, written anew, reads as the same request.

#include "rewritten.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace {

using namespace sallyport;

struct Parsed {
  Arena arena;
  http::RequestHead head{arena};
  wire::ParseOutcome outcome;

  void read(std::string_view bytes) { outcome = wire::parse_request_head(bytes, head, {}); }
};

void require_same(const Parsed& a, const Parsed& b) {
  require(a.outcome.status == b.outcome.status && a.outcome.bytes == b.outcome.bytes);
  require(a.outcome.refusal == b.outcome.refusal && a.outcome.reason == b.outcome.reason);
  require(a.head.method == b.head.method && a.head.target == b.head.target && a.head.body == b.head.body);
  require(std::ranges::equal(a.head.headers, b.head.headers, is_same_field));
}

void cut(std::string_view bytes, const Parsed& whole) {
  std::size_t stride = 1 + bytes.size() / 32;
  for (std::size_t at = 0; at < bytes.size(); at += stride) {
    Parsed parts;
    parts.read(bytes.substr(0, at));
    if (parts.outcome.status == wire::ParseStatus::kIncomplete) parts.read(bytes);
    require_same(parts, whole);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Parsed whole;
  whole.read(bytes);
  cut(bytes, whole);
  if (whole.outcome.status == wire::ParseStatus::kComplete) require_same_when_written(whole.head);
  return 0;
}
