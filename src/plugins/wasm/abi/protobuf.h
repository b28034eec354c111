#pragma once
// Messages of Protocol Buffers, as far as foreign functions need them: fields of a message one after the other, and
// messages of a few fields (https://protobuf.dev/programming-guides/encoding).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::wasm::abi {

struct ProtobufField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint or fixed field
  std::string_view bytes;   // of a field with a length
};

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : left_(message) {}

  // The next field; nothing at the end, and where the message is damaged.
  std::optional<ProtobufField> next();
  // Whether all was read.
  bool is_complete() const noexcept { return left_.empty() && !damaged_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::uint64_t> fixed(std::size_t size);
  bool read_value(std::uint32_t wire_type, ProtobufField& field);

  std::string_view left_;
  bool damaged_ = false;
};

// Proto3 leaves out what has its default.
void append_protobuf_bool(std::string& to, std::uint32_t number, bool value);
void append_protobuf_bytes(std::string& to, std::uint32_t number, std::string_view value);

}  // namespace sallyport::wasm::abi
