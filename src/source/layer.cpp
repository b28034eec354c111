#include "source/layer.h"

#include "source/archive_member.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace sallyport::source {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFile = "plugin.wasm";
constexpr std::size_t kTimesMost = 4;
constexpr std::size_t kAlwaysUnpacked = 1u << 20;

class Inflater {
 public:
  Inflater() { is_ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }

  void begin(std::string_view packed) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
  }
  bool is_over() const noexcept { return is_over_; }
  // The next piece, which may be empty. Error: kInvalid.
  Result<std::string_view> next() {
    if (!is_ready_) return fail(ErrorCode::kInternal, "cannot be unpacked: there is no memory");
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) return fail(ErrorCode::kInvalid, "is damaged: gzip breaks off in it");
    // Further members may follow (RFC 1952 2.2).
    if (result == Z_STREAM_END) is_over_ = stream_.avail_in == 0 || inflateReset(&stream_) != Z_OK;
    return std::string_view(piece_.data(), piece_.size() - stream_.avail_out);
  }

 private:
  z_stream stream_{};
  bool is_ready_ = false;
  bool is_over_ = false;
  std::array<char, 64 * 1024> piece_{};
};

Result<std::string> found_in(ArchiveMember& member) {
  if (member.is_found()) return member.take();
  return fail(ErrorCode::kInvalid, "is a tar archive without a whole plugin.wasm in its root");
}

Result<std::string> unpack(std::string_view packed, std::size_t most) {
  const std::size_t most_unpacked = kTimesMost * most + kAlwaysUnpacked;
  ArchiveMember member(kFile, most);
  auto inflater = std::make_unique<Inflater>();
  inflater->begin(packed);
  std::size_t unpacked = 0;
  while (!member.is_found() && !inflater->is_over()) {
    TRY(const std::string_view piece, inflater->next());
    unpacked += piece.size();
    if (unpacked > most_unpacked) {
      return fail(ErrorCode::kLimit,
                  fmt::format("unpacks to more than {} bytes before plugin.wasm ends", most_unpacked));
    }
    TRY_STATUS(member.feed(piece));
  }
  return found_in(member);
}

}  // namespace

Result<std::string> module_in_layer(std::string layer, std::size_t most) {
  if (layer.starts_with("\0asm"sv)) {
    if (layer.size() <= most) return layer;
    return fail(ErrorCode::kLimit, fmt::format("has {} bytes, and {} are allowed", layer.size(), most));
  }
  if (layer.starts_with("\x1f\x8b"sv)) return unpack(layer, most);
  if (layer.starts_with("\x28\xb5\x2f\xfd"sv)) {
    return fail(ErrorCode::kInvalid, "is packed with zstd, which is not understood; push it with gzip");
  }
  ArchiveMember member(kFile, most);
  if (Status fed = member.feed(layer); !fed) {
    if (fed.error().code == ErrorCode::kLimit) return fail(std::move(fed).error());
    return fail(ErrorCode::kInvalid, "is neither a module nor a tar archive, with gzip or without");
  }
  return found_in(member);
}

}  // namespace sallyport::source
