// However a response is cut, it comes to the same; and one that is accepted, written anew, reads as the same response.

#include "rewritten.h"

#include <cstdint>
#include <string_view>

namespace {

using namespace sallyport;

struct Parsed {
  std::string_view method;
  Arena arena;
  http::ResponseHead head{arena};
  wire::ParseOutcome outcome;

  explicit Parsed(std::string_view of) : method(of) {}
  void read(std::string_view bytes) {
    outcome = wire::parse_response_head(bytes, method, head, wire::kResponseHeadLimits);
  }
};

void cut(std::string_view bytes, const Parsed& whole) {
  std::size_t stride = 1 + bytes.size() / 32;
  for (std::size_t at = 0; at < bytes.size(); at += stride) {
    Parsed parts(whole.method);
    parts.read(bytes.substr(0, at));
    if (parts.outcome.status == wire::ParseStatus::kIncomplete) parts.read(bytes);
    require(parts.outcome.status == whole.outcome.status && parts.outcome.bytes == whole.outcome.bytes);
    require(parts.outcome.reason == whole.outcome.reason && parts.head.reason == whole.head.reason);
    require_same_head(parts.head, whole.head);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (std::string_view method : {"GET", "HEAD"}) {
    Parsed whole(method);
    whole.read(bytes);
    cut(bytes, whole);
    if (whole.outcome.status == wire::ParseStatus::kComplete) require_same_when_written(method, whole.head);
  }
  return 0;
}
