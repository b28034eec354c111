#pragma once
// Where a source may lead: who names it may name any host, but a server that redirects, or names another for tokens,
// is not who runs this gateway. Pure functions.

#include "async/resolver.h"
#include "base/ip_range.h"
#include "base/result.h"

#include <string>
#include <vector>

namespace sallyport::source {

// Networks in which nothing is fetched at all: those of one link, where clouds tell machines their secrets.
IpRanges never_reached();
// All networks that are no part of the public internet.
IpRanges not_public();

using Addresses = std::vector<async::ResolvedAddress>;

bool any_in(const IpRanges& networks, const Addresses& addresses);

// Whether `host` with these addresses may be asked; `is_named`: it is the one that the source names; `from_public`:
// that one is in the public internet. Error: kInvalid.
Status may_reach(const std::string& host, const Addresses& addresses, bool is_named, bool from_public);

}  // namespace sallyport::source
