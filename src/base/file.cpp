#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace sallyport {
namespace {

constexpr std::size_t kStep = 64 * 1024;  // beyond the size that the file had when it was opened

struct Descriptor {
  int number;
  ~Descriptor() {
    const int kept = errno;
    if (number >= 0) ::close(number);
    errno = kept;
  }
};

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat about{};
  if (file.number < 0 || ::fstat(file.number, &about) != 0) return std::nullopt;
  std::string bytes;
  std::size_t held = 0;
  bytes.resize(static_cast<std::size_t>(about.st_size) + 1);  // one more, so that the end is seen
  for (;;) {
    const ssize_t got = ::read(file.number, bytes.data() + held, bytes.size() - held);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    held += static_cast<std::size_t>(got);
    if (held == bytes.size()) bytes.resize(held + kStep);
  }
  bytes.resize(held);
  return bytes;
}

}  // namespace sallyport
