// Whatever a guest gives as a message of Protocol Buffers: it comes to an end, its fields lie within it one behind the
// other, and a field with a length that is written anew reads as the same.

#include "plugins/wasm/abi/protobuf.h"
#include "require.h"

#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport::wasm::abi;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const char* end = message.data();
  std::size_t fields = 0;
  ProtobufReader reader(message);
  while (auto field = reader.next()) {
    require(field->number > 0 && ++fields <= size);
    if (field->bytes.empty()) continue;
    require(field->bytes.data() > end);
    end = field->bytes.data() + field->bytes.size();
    require(end <= message.data() + size);
    std::string written;
    append_protobuf_bytes(written, field->number, field->bytes);
    ProtobufReader again(written);
    const auto same = again.next();
    require(same && same->number == field->number && same->bytes == field->bytes && again.is_complete());
  }
  require(!reader.next());
  return 0;
}
