// Whatever stands in a hosts file: a name has the addresses of the lines that name it, in their order.

#include "async/hosts_file.h"
#include "base/bytes.h"
#include "base/temporary_folder_fixture.h"
#include "require.h"

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport;

// By the words of each line, as hosts(5) has it.
std::map<std::string, std::vector<async::Address>> names_in(const std::string& text) {
  std::map<std::string, std::vector<async::Address>> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string ip, name;
    words >> ip;
    const auto address = async::Address::from_ip(ip, 0);
    while (address && words >> name) names[to_lower(name)].push_back(*address);
  }
  return names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find_first_of("\v\f") != text.npos) return 0;  // space for C++, no space in a hosts file
  static const TemporaryFolder folder;
  folder.write("hosts", text);
  async::HostsFile hosts(folder.file("hosts"));
  for (const auto& [name, addresses] : names_in(text)) require(hosts.find(name, SteadyTime()) == addresses);
  require(hosts.find("", SteadyTime()).empty());
  require(!hosts.find("localhost", SteadyTime()).empty());
  return 0;
}
