#include "app/pid_file.h"

#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace sallyport::app {
namespace {

std::string own_line() { return std::to_string(::getpid()) + "\n"; }

bool write_all(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return false;
  const bool is_whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(fd) == 0 && is_whole;
}

}  // namespace

Status write_pid_file(const std::string& path) {
  std::error_code ignored;  // the write tells what is wrong
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string next = fmt::format("{}.{}", path, ::getpid());
  if (write_all(next, own_line()) && ::rename(next.c_str(), path.c_str()) == 0) return {};
  auto error = fail(ErrorCode::kUnavailable,
                    fmt::format("{}: the number of the process cannot be written: {}", path, std::strerror(errno)));
  ::unlink(next.c_str());
  return error;
}

void remove_pid_file(const std::string& path) {
  if (read_file(path) == own_line()) ::unlink(path.c_str());
}

}  // namespace sallyport::app
