// However a request is cut, it comes to the same; and one that is accepted, written anew, reads as the same request.

#include "http/byte_class.h"
#include "http/target.h"
#include "require.h"
#include "wire/h1.h"

#include <algorithm>
#include <cstdint>

namespace {

using namespace sallyport;

struct Parsed {
  Arena arena;
  http::RequestHead head{arena};
  wire::ParseOutcome outcome;

  void read(std::string_view bytes, const wire::HeadLimits& limits = {}) {
    outcome = wire::parse_request_head(bytes, head, limits);
  }
};

bool is_same_field(const http::Field& a, const http::Field& b) { return a.name == b.name && a.value == b.value; }

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

void rewrite(Parsed& parsed) {
  auto target = http::normalise_target(parsed.head.target, parsed.arena);
  if (!target) return;
  wire::RequestLine line{parsed.head.method, target->path, target->query, target->has_query, parsed.head.authority};
  if (line.host.empty()) line.host = "h";
  line.upgrade = parsed.head.upgrade;
  std::string text;
  require(wire::write_request_head(text, line, parsed.head.headers, parsed.head.body).has_value());
  Parsed again;
  again.read(text, {.bytes = SIZE_MAX, .target_bytes = SIZE_MAX, .fields = SIZE_MAX});
  require(again.outcome.status == wire::ParseStatus::kComplete && again.outcome.bytes == text.size());
  require(again.head.method == line.method && again.head.authority == line.host);
  require(again.head.body == parsed.head.body && again.head.upgrade == parsed.head.upgrade);
  again.head.headers.remove(http::FieldName::kHost);
  parsed.head.headers.remove(http::FieldName::kHost);
  require(std::ranges::equal(again.head.headers, parsed.head.headers, is_same_field));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Parsed whole;
  whole.read(bytes);
  cut(bytes, whole);
  if (whole.outcome.status == wire::ParseStatus::kComplete) rewrite(whole);
  return 0;
}
