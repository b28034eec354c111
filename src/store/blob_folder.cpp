#include "store/blob_folder.h"

#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "store/durable_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace sallyport::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = ".unfinished";

std::unexpected<Error> failure(const std::string& path, int system_error, std::string_view advice) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}; {}", path, std::strerror(system_error), advice));
}

Status write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(path, errno, "make room, or let the gateway write there");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return failure(path, errno, "the disk did not take it");
  return {};
}

}  // namespace

Result<std::string> BlobFolder::put(std::string_view bytes) {
  std::string name = sha256_hex(bytes);
  if (auto present = read(name); present) return name;
  TRY_STATUS(create_folder());
  TRY_STATUS(write(name, bytes));
  return name;
}

Result<std::string> BlobFolder::read(const std::string& name) const {
  const std::string path = path_of(name);
  auto bytes = read_file(path);
  if (!bytes) return failure(path, errno, "put a copy of it back");
  if (sha256_hex(*bytes) == name) return *std::move(bytes);
  return fail(ErrorCode::kUnavailable, path + ": damaged: its SHA-256 is not its name; put a copy of it back");
}

void BlobFolder::keep_only(const std::set<std::string>& names) {
  std::error_code error;
  for (const auto& file : fs::directory_iterator(path_, error)) {
    if (names.contains(file.path().filename().string())) continue;
    std::error_code failed;
    fs::remove(file.path(), failed);
    if (failed)
      log::warn("{}: is not needed any more and cannot be removed: {}", file.path().string(), failed.message());
  }
}

Status BlobFolder::create_folder() const {
  std::error_code error;
  if (fs::is_directory(path_, error)) return {};
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    return failure(path_, errno, "create it, or let the gateway create it");
  }
  fs::path parent = fs::path(path_).parent_path();
  return sync_folder(parent.empty() ? "." : parent);
}

// Under another name first: a file has its name only with all of its bytes.
Status BlobFolder::write(const std::string& name, std::string_view bytes) const {
  const std::string path = path_of(name);
  const std::string unfinished = path + std::string(kUnfinished);
  int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failure(unfinished, errno, "let the gateway write there");
  Status written = write_all(file, bytes, unfinished);
  ::close(file);
  TRY_STATUS(written);
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return failure(path, errno, "let the gateway write there");
  return sync_folder(path_);
}

}  // namespace sallyport::store
