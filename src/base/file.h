#pragma once
// Files as a whole.

#include <optional>
#include <string>

namespace sallyport {

// What stands in it; nothing when it cannot be read, and errno says why.
std::optional<std::string> read_file(const std::string& path);

}  // namespace sallyport
