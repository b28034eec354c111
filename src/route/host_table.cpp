#include "route/host_table.h"

#include "base/bytes.h"

#include <algorithm>
#include <memory>

namespace sallyport::route {
namespace {

std::string reversed(std::string_view text) { return {text.rbegin(), text.rend()}; }

std::string_view copy_with(Arena& arena, std::string_view text, bool reverse) {
  if (text.empty()) return {};
  char* to = static_cast<char*>(arena.allocate(text.size()));
  std::ranges::transform(text, to, [](char c) { return to_lower(c); });
  if (reverse) std::reverse(to, to + text.size());
  return {to, text.size()};
}

}  // namespace

template <class Change>
void HostTable::change(const HostPattern& pattern, Change&& apply) {
  const std::string key = pattern.is_wildcard() ? reversed(pattern.key()) : std::string(pattern.key());
  const Host* present = pattern.is_wildcard() ? wildcards_.find(key) : exact_.find(key);
  PathTable paths = apply(present ? present->paths : PathTable());
  std::shared_ptr<const Host> host;
  if (!paths.empty()) host = std::make_shared<const Host>(Host{pattern.text(), std::move(paths)});
  if (pattern.is_wildcard()) {
    wildcards_ = wildcards_.with(key, std::move(host));
  } else {
    exact_ = exact_.with(key, std::move(host));
  }
}

HostTable HostTable::with(const RouteEntryPtr& entry) const {
  HostTable table = *this;
  for (const HostPattern& host : entry->rule->hosts()) {
    table.change(host, [&](const PathTable& paths) { return paths.with(entry); });
    if (host.has_colon()) ++table.with_colon_;
  }
  return table;
}

HostTable HostTable::without(const RouteEntryPtr& entry) const {
  HostTable table = *this;
  for (const HostPattern& host : entry->rule->hosts()) {
    table.change(host, [&](const PathTable& paths) { return paths.without(entry); });
    if (host.has_colon()) --table.with_colon_;
  }
  return table;
}

HostTable::Found HostTable::match(Inquiry& inquiry) const {
  const exchange::Exchange& exchange = inquiry.exchange();
  std::string_view with_port;  // the Host header, when it says more than the host
  if (with_colon_ > 0 && exchange.request.authority != exchange.host) {
    with_port = copy_with(exchange.arena, exchange.request.authority, false);
  }
  Found found;
  if (!with_port.empty()) found = match_exact(inquiry, with_port);
  if (!found.candidate) found = match_exact(inquiry, exchange.host);
  if (found.candidate || wildcards_.empty()) return found;
  if (!with_port.empty()) found = match_wildcard(inquiry, with_port);
  return found.candidate ? found : match_wildcard(inquiry, exchange.host);
}

HostTable::Found HostTable::match_exact(Inquiry& inquiry, std::string_view host) const {
  const Host* routes = exact_.find(host);
  if (!routes) return {};
  const Candidate* candidate = routes->paths.match(inquiry);
  return candidate ? Found{candidate, routes->text} : Found{};
}

HostTable::Found HostTable::match_wildcard(Inquiry& inquiry, std::string_view host) const {
  Found found;
  const std::string_view backwards = copy_with(inquiry.exchange().arena, host, true);
  wildcards_.visit_longest_first(backwards, [&](const Host& routes) {
    if (const Candidate* candidate = routes.paths.match(inquiry)) found = {candidate, routes.text};
    return found.candidate != nullptr;
  });
  return found;
}

}  // namespace sallyport::route
