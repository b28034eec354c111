#include "plugins/wasm/abi/protobuf.h"

#include "plugins/wasm/module_bytes.h"

#include <cstring>

namespace sallyport::wasm::abi {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

}  // namespace

std::optional<ProtobufField> ProtobufReader::next() {
  if (left_.empty() || damaged_) return std::nullopt;
  ProtobufField field;
  auto tag = varint();
  damaged_ = !tag || *tag >> 3 == 0 || *tag >> 3 > (1u << 29) - 1;
  if (damaged_) return std::nullopt;
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  damaged_ = !read_value(*tag & 7, field);
  if (damaged_) return std::nullopt;
  return field;
}

bool ProtobufReader::read_value(std::uint32_t wire_type, ProtobufField& field) {
  std::optional<std::uint64_t> value;
  switch (wire_type) {
    case kVarint:
      value = varint();
      break;
    case kFixed64:
      value = fixed(8);
      break;
    case kFixed32:
      value = fixed(4);
      break;
    case kLength: {
      auto length = varint();
      if (!length || *length > left_.size()) return false;
      field.bytes = left_.substr(0, *length);
      left_.remove_prefix(*length);
      return true;
    }
    default:
      return false;
  }
  field.value = value.value_or(0);
  return value.has_value();
}

std::optional<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < left_.size() && i < 10; ++i) {
    auto byte = static_cast<std::uint8_t>(left_[i]);
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte & 0x80) continue;
    left_.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ProtobufReader::fixed(std::size_t size) {
  if (left_.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, left_.data(), size);
  left_.remove_prefix(size);
  return value;
}

void append_protobuf_bool(std::string& to, std::uint32_t number, bool value) {
  if (!value) return;
  append_number(to, number << 3 | kVarint);
  to.push_back(1);
}

void append_protobuf_bytes(std::string& to, std::uint32_t number, std::string_view value) {
  if (value.empty()) return;
  append_number(to, number << 3 | kLength);
  append_number(to, value.size());
  to.append(value);
}

}  // namespace sallyport::wasm::abi
