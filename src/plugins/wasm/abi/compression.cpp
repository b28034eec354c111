#include "plugins/wasm/abi/foreign.h"

#include <zlib.h>

#include <algorithm>

namespace sallyport::wasm::abi {
namespace {

constexpr std::size_t kMost = 4u << 20;

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }
Bytef* bytes_of(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

}  // namespace

Status compress(Vm&, std::string_view argument, std::string& result) {
  if (argument.size() > kMost) return Status::kSerializationFailure;
  uLongf size = compressBound(argument.size());
  result.resize(size);
  if (::compress(bytes_of(result), &size, bytes_of(argument), argument.size()) != Z_OK)
    return Status::kSerializationFailure;
  result.resize(size);
  return Status::kOk;
}

// How large the result is stands nowhere; zlib makes at most some thousand bytes of one.
Status uncompress(Vm&, std::string_view argument, std::string& result) {
  std::size_t room = std::min(kMost, argument.size() * 4 + 64);
  for (;;) {
    uLongf size = room;
    result.resize(room);
    int outcome = ::uncompress(bytes_of(result), &size, bytes_of(argument), argument.size());
    if (outcome == Z_OK) {
      result.resize(size);
      return Status::kOk;
    }
    if (outcome != Z_BUF_ERROR || room == kMost) return Status::kSerializationFailure;
    room = std::min(kMost, room * 4);
  }
}

}  // namespace sallyport::wasm::abi
