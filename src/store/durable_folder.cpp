#include "store/durable_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace sallyport::store {

Status sync_folder(const std::filesystem::path& folder) {
  int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("{}: cannot be synchronised to the disk", folder.string()));
}

}  // namespace sallyport::store
