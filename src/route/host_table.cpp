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
  Host* present = pattern.is_wildcard() ? wildcards_.edit(key) : exact_.edit(key);
  if (present) {
    apply(present->paths);
    present->text = pattern.text();
    if (present->paths.empty()) set(pattern, key, nullptr);
    return;
  }
  auto host = std::make_shared<Host>(Host{pattern.text(), {}});
  apply(host->paths);
  if (!host->paths.empty()) set(pattern, key, std::move(host));
}

void HostTable::set(const HostPattern& pattern, std::string_view key, std::shared_ptr<const Host> host) {
  if (pattern.is_wildcard()) {
    wildcards_.set(key, std::move(host));
  } else {
    exact_.set(key, std::move(host));
  }
}

void HostTable::put(const RouteEntryPtr& entry) {
  for (const HostPattern& host : entry->rule->hosts()) {
    change(host, [&](PathTable& paths) { paths.put(entry); });
    if (host.has_colon()) ++with_colon_;
  }
}

void HostTable::take_out(const RouteEntryPtr& entry) {
  for (const HostPattern& host : entry->rule->hosts()) {
    change(host, [&](PathTable& paths) { paths.take_out(entry); });
    if (host.has_colon()) --with_colon_;
  }
}

void HostTable::replace(const RouteEntryPtr& before, const RouteEntryPtr& now) {
  for (const HostPattern& host : before->rule->hosts()) {
    change(host, [&](PathTable& paths) { paths.replace(before, now); });
  }
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
