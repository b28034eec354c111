// Whatever the text, the reader answers with a value or with a place and a cause, and knows the place of every part.

#include "yaml/document.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void visit(const sallyport::yaml::Document& document, const sallyport::json::Value& value, const std::string& pointer) {
  if (document.locate(pointer).line < 1) std::abort();
  if (!value.is_array()) return;
  for (std::size_t i = 0; i < value.array().size() && i < 10; ++i) {
    visit(document, value.array()[i], pointer + "/" + std::to_string(i));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  auto document = yaml::Document::parse({reinterpret_cast<const char*>(data), size}, "text");
  if (document) {
    visit(*document, document->value(), "");
  } else if (!document.error().what.starts_with("text:")) {
    std::abort();
  }
  return 0;
}
