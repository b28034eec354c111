#pragma once
// What becomes of plugins when resources are compiled again.

namespace sallyport::snapshot {

// Whether a plugin with the same conf as before is taken over, or made anew as the successor of the old one.
enum class Reuse { kSameConf, kNothing };

}  // namespace sallyport::snapshot
