// Whatever paths and hosts the routes of a table have: it finds those whose path and host are the request's, each once
// when the found ones are taken out one by one, and no other. The first byte is the kind of router; then a route a
// line, "PATH HOST" or "PATH", up to an empty line; then the request's path and its host, a line each.

#include "base/bytes.h"
#include "require.h"
#include "route/route_fixture.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport;
using route::RouterKind;

constexpr std::size_t kMostRoutes = 40;

std::string_view next_line(std::string_view& lines) {
  const std::size_t end = std::min(lines.find('\n'), lines.size());
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(std::min(end + 1, lines.size()));
  return line;
}

// Whether `text` is what `glob` describes: a star is any text, a parameter (":name", a whole segment) one segment.
bool fits(std::string_view glob, std::string_view text, bool parameters, bool at_segment = true) {
  if (glob.empty()) return text.empty();
  if (parameters && at_segment && glob.front() == ':') {
    const std::size_t named = std::min(glob.find('/'), glob.size());
    const std::size_t taken = std::min(text.find('/'), text.size());
    return taken > 0 && fits(glob.substr(named), text.substr(taken), parameters, false);
  }
  if (glob.front() == '*') {
    // At the beginning of a segment what follows up to the slash is its name.
    const std::size_t named = at_segment ? std::min(glob.find('/'), glob.size()) : 1;
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (fits(glob.substr(named), text.substr(taken), parameters, false)) return true;
    }
    return false;
  }
  return !text.empty() && glob.front() == text.front() &&
         fits(glob.substr(1), text.substr(1), parameters, glob.front() == '/');
}

struct Words {
  std::string_view path, host;

  bool accept(std::string_view asked_path, std::string_view asked_host, bool parameters) const {
    return fits_path(asked_path, parameters) && (host.empty() || fits_host(asked_host));
  }

 private:
  // A wildcard inside of a segment, in a path without named ones, is as if it were the last.
  bool fits_path(std::string_view asked, bool parameters) const {
    const bool named = path.starts_with('*') || path.find("/*") != path.npos ||
                       (parameters && (path.starts_with(':') || path.find("/:") != path.npos));
    const std::size_t star = path.find('*');
    if (!named && star != path.npos) return asked.starts_with(path.substr(0, star));
    return fits(path, asked, parameters);
  }
  bool fits_host(std::string_view asked) const {
    const std::string wanted = to_lower(host);
    return wanted.starts_with('*') ? asked.ends_with(wanted.substr(1)) : asked == wanted;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty() || std::ranges::count(text, '*') > 12) return 0;  // fewer for what is tried in vain to end
  const RouterKind kind = text[0] == 'u'   ? RouterKind::kUri
                          : text[0] == 'p' ? RouterKind::kUriWithParameter
                                           : RouterKind::kHostUri;
  text.remove_prefix(1);
  route::TableFixture table(kind);
  std::vector<Words> routes;
  for (std::string_view line = next_line(text); !line.empty() && routes.size() < kMostRoutes; line = next_line(text)) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const Words words{line.substr(0, space), line.substr(std::min(space + 1, line.size()))};
    if (words.path.empty() || words.host.find(':') != words.host.npos) continue;
    auto wanted = route::route(std::string(words.path));
    if (!words.host.empty()) wanted.host(std::string(words.host));
    table.add(std::to_string(routes.size()), wanted);
    routes.push_back(words);
  }
  const std::string_view path = next_line(text);
  const std::string host = to_lower(next_line(text));
  if (path.find('?') != path.npos || host.find(':') != host.npos) return 0;

  std::set<std::string> expected, found;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].accept(path, host, kind == RouterKind::kUriWithParameter)) expected.insert(std::to_string(i));
  }
  const route::RouteTable whole = table.table();
  for (std::string name = table.get(path, host); !name.empty(); name = table.get(path, host)) {
    require(found.insert(name).second);
    table.remove(name);
  }
  require(found == expected);
  require(table.table().size() + found.size() == whole.size());
  return 0;
}
