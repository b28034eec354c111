#pragma once
// What becomes of plugins when resources are compiled again.

namespace sallyport::snapshot {

// Whether a plugin with the same conf as before is taken over, or made anew as the successor of the old one. kSameType
// takes it over only while the catalog has the type that made it.
enum class Reuse { kSameConf, kSameType, kNothing };

}  // namespace sallyport::snapshot
