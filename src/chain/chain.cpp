#include "chain/chain.h"

namespace sallyport::chain {
namespace {

std::vector<Link> concatenated(const std::vector<Link>& first, const std::vector<Link>& then) {
  std::vector<Link> links = first;
  links.insert(links.end(), then.begin(), then.end());
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
