// However a response is cut, it comes to the same; and one that is accepted, written anew, reads as the same response.

#include "require.h"
#include "wire/h1.h"

#include <algorithm>
#include <cstdint>

namespace {

using namespace sallyport;

struct Parsed {
  std::string_view method;
  Arena arena;
  http::ResponseHead head{arena};
  wire::ParseOutcome outcome;

  explicit Parsed(std::string_view of) : method(of) {}
  void read(std::string_view bytes, const wire::HeadLimits& limits = wire::kResponseHeadLimits) {
    outcome = wire::parse_response_head(bytes, method, head, limits);
  }
};

bool is_same_field(const http::Field& a, const http::Field& b) { return a.name == b.name && a.value == b.value; }

void require_same_head(const http::ResponseHead& a, const http::ResponseHead& b) {
  require(a.status == b.status && a.body == b.body && a.announced_length == b.announced_length);
  require(std::ranges::equal(a.headers, b.headers, is_same_field));
}

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

void rewrite(const Parsed& parsed) {
  std::string text;
  auto connection = parsed.head.keep_alive ? wire::Connection::kKeepAlive : wire::Connection::kClose;
  wire::write_response_head(text, parsed.head, parsed.head.body, connection);
  Parsed again(parsed.method);
  again.read(text, {.bytes = SIZE_MAX, .target_bytes = SIZE_MAX, .fields = SIZE_MAX});
  require(again.outcome.status == wire::ParseStatus::kComplete && again.outcome.bytes == text.size());
  require_same_head(again.head, parsed.head);
  bool says_connection = parsed.head.status >= 200 || parsed.head.status == 101;
  if (!says_connection) return;
  require(again.head.upgrade == parsed.head.upgrade && again.head.keep_alive == parsed.head.keep_alive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (std::string_view method : {"GET", "HEAD"}) {
    Parsed whole(method);
    whole.read(bytes);
    cut(bytes, whole);
    if (whole.outcome.status == wire::ParseStatus::kComplete) rewrite(whole);
  }
  return 0;
}
