#include "admin/admin_keys.h"

#include "admin/access.h"
#include "base/bytes.h"
#include "base/random.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace sallyport::admin {
namespace {

constexpr std::size_t kKeyLength = 32;

std::unexpected<Error> failed(const std::string& path, std::string_view doing) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: the admin key cannot be {}: {}; make it possible, or configure a key as "
                          "deployment.admin.admin_key",
                          path, doing, std::strerror(errno)));
}

std::string random_key() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string key;
  while (key.size() < kKeyLength) key += kLetters[random_below(static_cast<std::uint32_t>(kLetters.size()))];
  return key;
}

// Nothing when there is no such file.
Result<std::optional<std::string>> read_key(const std::string& path) {
  std::ifstream file(path);
  if (!file && errno == ENOENT) return std::nullopt;
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) return failed(path, "read");
  std::string key = std::move(text).str();
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  if (key.size() >= kMinKeyLength && key.find_first_of(" \t\r\n") == std::string::npos) return key;
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: holds no admin key (one line of at least {} characters); remove the file to get a new "
                          "key, or configure one as deployment.admin.admin_key",
                          path, kMinKeyLength));
}

// A finished file under a name of our own, which is removed at the end.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { ::unlink(path_.c_str()); }

  bool write(const std::string& text) const {
    int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    return ::close(file) == 0 && written;
  }

  // False with EEXIST when somebody was faster.
  bool publish_as(const std::string& path) const { return ::link(path_.c_str(), path.c_str()) == 0; }

 private:
  std::string path_;
};

}  // namespace

Result<KeptKey> keep_admin_key(const std::string& path) {
  TRY(auto kept, read_key(path));
  if (kept) return KeptKey{*kept, false};
  std::error_code ignored;  // writing the file says what is wrong with the folder
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);

  std::string key = random_key();
  Draft draft(fmt::format("{}.{}", path, random_key()));
  if (!draft.write(key + "\n")) return failed(path, "written");
  if (draft.publish_as(path)) return KeptKey{key, true};
  if (errno != EEXIST) return failed(path, "written");
  TRY(auto others, read_key(path));
  if (!others) return failed(path, "read");
  return KeptKey{*others, false};
}

}  // namespace sallyport::admin
