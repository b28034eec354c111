#pragma once
// The addresses that a hosts file (hosts(5), /etc/hosts) gives to names. It is kept in memory and read again when it
// has changed, for which it is looked at once a second at most. Belongs to one thread.

#include "async/address.h"
#include "base/bytes.h"
#include "base/clock.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::async {

class HostsFile final {
 public:
  // A file that is not there has no names.
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  // In the order of the file, port 0; empty when it does not have the name. Case does not matter.
  // `localhost` and names below it are the loopback addresses even where the file does not have them (RFC 6761 6.3).
  std::vector<Address> find(std::string_view name, SteadyTime now);

  // How often the file was read.
  std::size_t readings() const noexcept { return readings_; }

 private:
  // What tells one form of the file from another.
  struct Version {
    std::int64_t seconds = 0, nanoseconds = 0;
    off_t size = -1;  // -1: no file
    ino_t inode = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };
  Version version() const;
  void refresh(SteadyTime now);
  void read();
  void read_line(std::string_view line);

  std::string path_;
  Version version_;
  bool looked_ = false;
  SteadyTime looked_at_{};
  std::size_t readings_ = 0;
  std::unordered_map<std::string, std::vector<Address>> names_;  // in lower case
};

}  // namespace sallyport::async
