#include "async/hosts_file.h"

#include <sys/stat.h>

#include <fstream>

namespace sallyport::async {
namespace {

constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::string_view kBlanks = " \t\r";

// Takes the first word off `text`; empty when there is none left.
std::string_view next_word(std::string_view& text) {
  const std::size_t start = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(start);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

std::vector<Address> loopback() { return {*Address::from_ip("127.0.0.1", 0), *Address::from_ip("::1", 0)}; }

}  // namespace

std::vector<Address> HostsFile::find(std::string_view name, SteadyTime now) {
  refresh(now);
  const std::string lower = to_lower(name);
  if (auto found = names_.find(lower); found != names_.end()) return found->second;
  return is_localhost(lower) ? loopback() : std::vector<Address>();
}

void HostsFile::refresh(SteadyTime now) {
  if (looked_ && now - looked_at_ < kBetweenLooks) return;
  looked_ = true;
  looked_at_ = now;
  const Version present = version();
  if (present == version_) return;
  version_ = present;
  read();
}

HostsFile::Version HostsFile::version() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

void HostsFile::read() {
  ++readings_;
  names_.clear();
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) read_line(line);
}

void HostsFile::read_line(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto address = Address::from_ip(next_word(line), 0);
  if (!address) return;  // nothing, or an address with a zone, which no connection could use without more
  for (std::string_view name = next_word(line); !name.empty(); name = next_word(line)) {
    names_[to_lower(name)].push_back(*address);
  }
}

}  // namespace sallyport::async
