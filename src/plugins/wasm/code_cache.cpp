#include "plugins/wasm/code_cache.h"

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".code";
constexpr mode_t kPrivateFolder = 0700, kPrivateFile = 0600;
constexpr mode_t kOthers = 0077;

std::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", path, why));
}

// Nobody else may change what lies there.
Status check_private(const std::string& path, mode_t kind) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return refuse(path, std::strerror(errno));
  bool is_own = status.st_uid == ::geteuid() && (status.st_mode & S_IFMT) == kind && (status.st_mode & kOthers) == 0;
  if (is_own) return {};
  return refuse(path, "it must belong to the user of the gateway alone; remove it, or take the rights of others away");
}

// Complete or not at all. Whether it outlives a loss of power does not matter.
Status write_file(const std::string& path, std::string_view head, std::string_view bytes) {
  std::string unfinished = fmt::format("{}.{}.unfinished", path, ::gettid());
  int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kPrivateFile);
  if (file < 0) return refuse(unfinished, std::strerror(errno));
  bool is_complete = true;
  for (std::string_view part : {head, bytes}) {
    while (is_complete && !part.empty()) {
      ssize_t written = ::write(file, part.data(), part.size());
      is_complete = written > 0;
      if (is_complete) part.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  int error = errno;
  ::close(file);
  if (is_complete && ::rename(unfinished.c_str(), path.c_str()) == 0) return {};
  ::unlink(unfinished.c_str());
  return refuse(path, std::strerror(is_complete ? errno : error));
}

// The name is digested too, so that no file can stand in for another one.
KeyedDigest digest_of(const DigestKey& key, const std::string& name, std::string_view code) {
  return keyed_digest(keyed_digest(key, name), code);
}

}  // namespace

Result<std::unique_ptr<CodeCache>> CodeCache::open(std::string folder, std::uint64_t max_bytes) {
  std::unique_ptr<CodeCache> cache(new CodeCache(std::move(folder), max_bytes));
  std::error_code error;
  if (!fs::exists(fs::symlink_status(cache->folder_, error))) return cache;
  TRY_STATUS(check_private(cache->folder_, S_IFDIR));
  TRY_STATUS(cache->read_key());
  return cache;
}

Status CodeCache::read_key() {
  const std::string path = folder_ + "/key";
  auto known = read_file(path);
  if (!known || known->size() != sizeof(DigestKey)) return {};
  TRY_STATUS(check_private(path, S_IFREG));
  key_.emplace();
  std::copy(known->begin(), known->end(), key_->begin());
  return {};
}

Status CodeCache::make_key() {
  std::error_code error;
  fs::create_directories(fs::path(folder_).parent_path(), error);
  if (::mkdir(folder_.c_str(), kPrivateFolder) != 0 && errno != EEXIST) return refuse(folder_, std::strerror(errno));
  TRY_STATUS(check_private(folder_, S_IFDIR));
  DigestKey key{};
  fill_with_random(key);
  TRY_STATUS(write_file(folder_ + "/key", {}, {reinterpret_cast<const char*>(key.data()), key.size()}));
  key_ = key;
  return {};
}

std::optional<DigestKey> CodeCache::key() const {
  std::lock_guard lock(mutex_);
  return key_;
}

std::optional<std::string> CodeCache::find(const std::string& name) const {
  const std::string path = path_of(name);
  const std::optional<DigestKey> own_key = key();
  auto bytes = own_key ? read_file(path) : std::nullopt;
  if (!bytes) return std::nullopt;
  KeyedDigest digest{};
  bool fits = bytes->size() >= digest.size();
  if (fits) {
    std::string code = bytes->substr(digest.size());
    digest = digest_of(*own_key, name, code);
    fits = std::memcmp(bytes->data(), digest.data(), digest.size()) == 0;
    if (fits) {
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // it was used now
      return code;
    }
  }
  log::warn("{}: is not what the gateway wrote; it is removed and the module compiled anew", path);
  ::unlink(path.c_str());
  return std::nullopt;
}

void CodeCache::keep(const std::string& name, std::string_view code) {
  if (code.size() > max_bytes_) return;
  std::lock_guard lock(mutex_);
  Status written = key_ ? Status() : make_key();
  if (written) {
    KeyedDigest digest = digest_of(*key_, name, code);
    written = write_file(path_of(name), {reinterpret_cast<const char*>(digest.data()), digest.size()}, code);
  }
  if (!written) return log::warn("{}; the module is compiled anew at the next start", written.error().what);
  make_room();
}

void CodeCache::make_room() {
  struct File {
    fs::path path;
    fs::file_time_type used;
    std::uint64_t size;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    if (file.path().extension() != kEnding) continue;
    files.push_back({file.path(), file.last_write_time(error), file.file_size(error)});
    total += files.back().size;
  }
  std::ranges::sort(files, {}, &File::used);
  for (const File& file : files) {
    if (total <= max_bytes_) return;
    fs::remove(file.path, error);
    total -= file.size;
  }
}

}  // namespace sallyport::wasm
