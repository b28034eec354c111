#include "source/reach.h"

#include <initializer_list>

namespace sallyport::source {
namespace {

// IPv4 inside of IPv6, so that no network has a second spelling.
constexpr std::initializer_list<const char*> kLink{"169.254.0.0/16", "fe80::/10", "::ffff:169.254.0.0/112",
                                                   "64:ff9b::a9fe:0/112"};
constexpr std::initializer_list<const char*> kNotPublic{
    "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
    "240.0.0.0/4",   "::/96",        "::ffff:0:0/96",  "64:ff9b::/96",  "64:ff9b:1::/48",
    "2002::/16",     "fc00::/7",     "fe80::/10",      "ff00::/8"};

IpRanges ranges(std::initializer_list<const char*> texts) {
  IpRanges ranges;
  for (const char* text : texts) ranges.add(text).value();
  return ranges;
}

}  // namespace

IpRanges never_reached() { return ranges(kLink); }
IpRanges not_public() { return ranges(kNotPublic); }

bool any_in(const IpRanges& networks, const Addresses& addresses) {
  for (const async::ResolvedAddress& found : addresses) {
    if (networks.contains(found.address.ip())) return true;
  }
  return false;
}

Status may_reach(const std::string& host, const Addresses& addresses, bool is_named, bool from_public) {
  static const IpRanges never = never_reached();
  static const IpRanges closed = not_public();
  if (any_in(never, addresses)) {
    return fail(ErrorCode::kInvalid, host + " has a link-local address, where no source is fetched");
  }
  if (!is_named && from_public && any_in(closed, addresses)) {
    return fail(ErrorCode::kInvalid, host + " is in a private network, into which a public source may not lead");
  }
  return {};
}

}  // namespace sallyport::source
