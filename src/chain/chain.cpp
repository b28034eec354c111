#include "chain/chain.h"

#include <algorithm>
#include <iterator>

namespace sallyport::chain {
namespace {

bool gives_way(const Link& global, const std::vector<Link>& route) {
  return global.run_policy == RunPolicy::kPreferRoute &&
         std::ranges::find(route, global.name, &Link::name) != route.end();
}

std::vector<Link> concatenated(const std::vector<Link>& global, const std::vector<Link>& route) {
  std::vector<Link> links;
  links.reserve(global.size() + route.size());
  std::ranges::copy_if(global, std::back_inserter(links), [&](const Link& link) { return !gives_way(link, route); });
  links.insert(links.end(), route.begin(), route.end());
  return links;
}

}  // namespace

Chain::Chain(std::vector<Link> links) : links_(std::move(links)) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Plugin& plugin = *links_[i].plugin;
    PhaseSet phases = plugin.phases();
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      if (phases.has(static_cast<Phase>(phase))) by_phase_[phase].push_back(static_cast<std::uint16_t>(i));
    }
    edits_request_body_ |= plugin.edits_request_body();
    edits_response_body_ |= plugin.edits_response_body();
  }
}

Chain::Chain(const std::vector<Link>& global, const std::vector<Link>& route) : Chain(concatenated(global, route)) {}

}  // namespace sallyport::chain
