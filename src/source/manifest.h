#pragma once
// What a registry says an image consists of (OCI image spec 1.1; Docker's image manifest V2 schema 2), and which part
// of it is a module. Pure functions.

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::source {

// What a registry keeps under a digest.
struct Descriptor {
  std::string media_type;
  std::string digest;  // is_digest
  std::uint64_t size = 0;
};

// Where a module is looked for next.
struct NextPart {
  bool is_layer = false;  // else a further manifest, which an index names
  Descriptor part;
};

// Media types of manifests, as a value of Accept.
std::string_view manifest_types() noexcept;

// Of an index the image for wasm, else the one for this machine, else the first; of an image the layer that is a
// module, else the last one, whose plugin.wasm is looked for. Error: kInvalid, saying what is wrong or missing.
Result<NextPart> next_part(std::string_view manifest);

}  // namespace sallyport::source
