// However a chunked body is cut, it comes to the same; and one that is accepted, written anew, reads as the same body.

#include "require.h"
#include "wire/h1.h"

#include <algorithm>
#include <cstdint>

namespace {

using namespace sallyport;

struct Decoded {
  wire::ChunkedDecoder decoder;
  wire::ParseStatus status = wire::ParseStatus::kIncomplete;
  std::string_view reason;
  std::string data;
  std::size_t consumed = 0;

  void read(std::string_view bytes) {
    while (status == wire::ParseStatus::kIncomplete && !bytes.empty()) {
      auto step = decoder.next(bytes);
      require(step.consumed > 0 && step.consumed <= bytes.size() && step.data.size() <= step.consumed);
      bytes.remove_prefix(step.consumed);
      consumed += step.consumed;
      data += step.data;
      status = step.status;
      reason = step.reason;
    }
  }
};

bool is_same_field(const http::Field& a, const http::Field& b) { return a.name == b.name && a.value == b.value; }

void require_same(const Decoded& a, const Decoded& b) {
  require(a.status == b.status && a.reason == b.reason && a.data == b.data && a.consumed == b.consumed);
  Arena arena;
  http::Headers trailers_of_a(arena);
  http::Headers trailers_of_b(arena);
  a.decoder.trailers(trailers_of_a);
  b.decoder.trailers(trailers_of_b);
  require(std::ranges::equal(trailers_of_a, trailers_of_b, is_same_field));
}

void cut(std::string_view bytes, const Decoded& whole) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, 1 + bytes.size() / 2}) {
    Decoded parts;
    for (std::size_t at = 0; at < bytes.size(); at += piece) parts.read(bytes.substr(at, piece));
    require_same(parts, whole);
  }
}

void rewrite(const Decoded& decoded) {
  Arena arena;
  http::Headers trailers(arena);
  decoded.decoder.trailers(trailers);
  std::string text;
  wire::write_chunk(text, decoded.data);
  wire::write_last_chunk(text, &trailers);
  Decoded again;
  again.read(text);
  require(again.consumed == text.size());
  again.consumed = decoded.consumed;
  require_same(again, decoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Decoded whole;
  whole.read(bytes);
  cut(bytes, whole);
  if (whole.status == wire::ParseStatus::kComplete) rewrite(whole);
  return 0;
}
