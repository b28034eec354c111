#include "h2/fields.h"

#include "http/field_name.h"
#include "wire/h1_framing.h"

#include <charconv>

namespace sallyport::h2 {

namespace {

using http::FieldName;

nghttp2_nv as_pair(std::string_view name, std::string_view value) {
  // nghttp2 writes to neither of them.
  auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

void FieldBlock::add(std::string_view name, std::string_view value) { pairs_.push_back(as_pair(name, value)); }

void FieldBlock::add_status(int status) {
  auto end = std::to_chars(status_.data(), status_.data() + status_.size(), status).ptr;
  add(":status", {status_.data(), end});
}

void FieldBlock::add_length(std::uint64_t bytes) {
  auto end = std::to_chars(length_.data(), length_.data() + length_.size(), bytes).ptr;
  add("content-length", {length_.data(), end});
}

void FieldBlock::add_fields(const http::Headers& headers) {
  pairs_.reserve(pairs_.size() + headers.size() + 1);
  for (const http::Field& field : headers) {
    if (wire::is_framing(field.known) || field.known == FieldName::kHost || !wire::is_writable(field)) continue;
    add(field.name, field.value);
  }
}

void FieldBlock::add_trailers(const http::Headers& trailers) {
  for (const http::Field& field : trailers) {
    if (wire::is_trailer(field) && wire::is_writable(field)) add(field.name, field.value);
  }
}

}  // namespace sallyport::h2
