#pragma once
// The module in a layer of an image. A pure function.

#include "base/result.h"

#include <cstddef>
#include <string>

namespace sallyport::source {

// `layer` is a module itself, or a tar archive with plugin.wasm in its root, with gzip around it or without. What is
// unpacked is bounded: the file by `most` bytes, and all that comes before it by some times as much.
// Error: kInvalid, kLimit; going on after the name of the layer: "is neither ...".
Result<std::string> module_in_layer(std::string layer, std::size_t most);

}  // namespace sallyport::source
