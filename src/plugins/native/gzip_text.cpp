#include "plugins/native/gzip_text.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace sallyport::plugins::native {
namespace {

struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK;  // 16: gzip's head and tail, not zlib's
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

}  // namespace

Result<std::string> decode_gzip(std::string_view compressed, std::size_t limit) {
  constexpr std::size_t kStep = 64 * 1024;
  if (compressed.size() > std::numeric_limits<uInt>::max()) return fail(ErrorCode::kLimit, "a gzip body is over 4 GiB");
  Inflater inflater;
  if (!inflater.ready) return fail(ErrorCode::kInternal, "no memory to decode a gzip body");
  inflater.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  inflater.stream.avail_in = static_cast<uInt>(compressed.size());
  std::string plain;
  int state = Z_OK;
  while (state == Z_OK && plain.size() < limit) {
    std::size_t had = plain.size();
    plain.resize(had + std::min(kStep, limit - had));
    inflater.stream.next_out = reinterpret_cast<Bytef*>(plain.data() + had);
    inflater.stream.avail_out = static_cast<uInt>(plain.size() - had);
    state = inflate(&inflater.stream, Z_NO_FLUSH);
    plain.resize(plain.size() - inflater.stream.avail_out);
  }
  bool input_ended = state == Z_BUF_ERROR;
  if (state != Z_OK && state != Z_STREAM_END && !input_ended) {
    return fail(ErrorCode::kProtocol, "the body is not in the gzip coding that its Content-Encoding names");
  }
  return plain;
}

}  // namespace sallyport::plugins::native
