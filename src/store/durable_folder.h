#pragma once
// Folders whose entries survive a loss of power. For the stores, on the control thread.

#include "base/result.h"

#include <filesystem>

namespace sallyport::store {

// A new name in a folder is durable when the folder is. Error: kUnavailable, naming it.
Status sync_folder(const std::filesystem::path& folder);

}  // namespace sallyport::store
