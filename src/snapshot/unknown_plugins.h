#pragma once
// What becomes of a resource that names a plugin which the catalog does not have, as when the `plugins` list of the
// settings has become shorter since it was stored.

#include <cstdint>

namespace sallyport::snapshot {

enum class UnknownPlugins : std::uint8_t {
  kRefuse,  // the resource is rejected
  kSkip     // it is served without the plugin, which the log says
};

}  // namespace sallyport::snapshot
