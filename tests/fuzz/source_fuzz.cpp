// What a server of a source says: layers, manifests, challenges, addresses. Whatever is accepted keeps its bounds, and
// a layer that comes in two pieces is the same as in one.

#include "require.h"
#include "source/archive_member.h"
#include "source/challenge.h"
#include "source/layer.h"
#include "source/manifest.h"
#include "source/reference.h"
#include "source/url.h"

#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 4096;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (auto module = source::module_in_layer(std::string(text), kMost)) require(module->size() <= kMost);

  source::ArchiveMember whole("plugin.wasm", kMost), cut("plugin.wasm", kMost);
  const Status fed = whole.feed(text);
  Status fed_cut = cut.feed(text.substr(0, size / 3));
  if (fed_cut) fed_cut = cut.feed(text.substr(size / 3));
  require(fed.has_value() == fed_cut.has_value() && whole.is_found() == cut.is_found());
  if (fed) require(whole.take() == cut.take());

  if (auto next = source::next_part(text)) require(source::is_digest(next->part.digest));
  for (const source::Challenge& challenge : source::parse_challenges(text)) require(!challenge.scheme.empty());
  if (auto reference = source::parse_reference(text)) require(source::registry_of(*reference, true).has_value());
  if (auto url = source::parse_url(text)) require(!url->host.empty() && url->port != 0);
  return 0;
}
