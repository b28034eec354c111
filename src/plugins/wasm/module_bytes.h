#pragma once
// The binary form of WebAssembly (core specification, chapter 5) as a row of bytes, numbers and names.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sallyport::wasm {

// Reads on until something does not fit; then it has failed and everything reads as nothing.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, std::size_t offset = 0) : bytes_(bytes), offset_(offset) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return failed_ || position_ == bytes_.size(); }
  std::size_t offset() const noexcept { return offset_ + position_; }
  void give_up() noexcept { failed_ = true; }

  std::uint8_t byte() {
    if (at_end()) {
      failed_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[position_++]);
  }

  std::uint64_t unsigned_number() {  // LEB128
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t next = byte();
      value |= std::uint64_t{next & 0x7fu} << shift;
      if ((next & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }

  std::uint32_t count() {
    std::uint64_t value = unsigned_number();
    if (value > std::numeric_limits<std::uint32_t>::max()) failed_ = true;
    return failed_ ? 0 : static_cast<std::uint32_t>(value);
  }

  std::string_view bytes(std::size_t size) {
    if (failed_ || size > bytes_.size() - position_) {
      failed_ = true;
      return {};
    }
    position_ += size;
    return bytes_.substr(position_ - size, size);
  }

  std::string name() { return std::string(bytes(count())); }
  ByteReader part(std::size_t size) {
    std::size_t from = offset();
    return ByteReader(bytes(size), from);
  }

 private:
  std::string_view bytes_;
  std::size_t offset_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

// An unsigned number in LEB128, which is also the varint of Protocol Buffers.
inline void append_number(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

inline std::string number_bytes(std::uint64_t value) {
  std::string bytes;
  append_number(bytes, value);
  return bytes;
}

}  // namespace sallyport::wasm
