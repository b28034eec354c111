#include "async/abandoned_listener.h"

#include "async/sockets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sallyport::async {
namespace {

namespace fs = std::filesystem;
using Inodes = std::set<std::string>;

// One line of /proc/net/tcp: "sl local:port remote:port state tx:rx tr:when retransmits uid timeout inode ...".
struct Line {
  std::uint16_t port = 0;
  std::string state, uid, inode;
};

Line parse(const std::string& text) {
  Line line;
  std::string local, skipped;
  std::istringstream words(text);
  words >> skipped >> local >> skipped >> line.state >> skipped >> skipped >> skipped >> line.uid >> skipped >>
      line.inode;
  std::size_t colon = local.rfind(':');
  if (colon != std::string::npos) std::from_chars(&local[colon + 1], local.data() + local.size(), line.port, 16);
  return line;
}

Inodes listening_on(std::uint16_t port) {
  const std::string own = std::to_string(::geteuid());
  Inodes inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    for (std::string text; std::getline(file, text);) {
      Line line = parse(text);
      if (line.port == port && line.state == "0A" && line.uid == own) inodes.insert("socket:[" + line.inode + "]");
    }
  }
  return inodes;
}

// Takes away what a process has open.
void remove_open(const fs::path& process, Inodes& sockets) {
  std::error_code ignored;  // it may end meanwhile, or be another user's
  for (fs::directory_iterator file(process / "fd", ignored), end; file != end; file.increment(ignored)) {
    sockets.erase(fs::read_symlink(file->path(), ignored).string());
  }
}

}  // namespace

bool has_abandoned_listener(const Address& address) {
  if (!is_listened_on(address)) return false;
  Inodes sockets = listening_on(address.port());
  std::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; entry != end && !sockets.empty();
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (name.find_first_not_of("0123456789") == std::string::npos) remove_open(entry->path(), sockets);
  }
  return !sockets.empty();
}

}  // namespace sallyport::async
