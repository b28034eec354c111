#pragma once
// What a server wants to be shown: WWW-Authenticate (RFC 9110 11.6.1), with the parameters that registries use.

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::source {

struct Challenge {
  std::string scheme;                 // lower case
  std::string realm, service, scope;  // empty: not given
};

// Those of one field, in their order; what cannot be read ends them.
std::vector<Challenge> parse_challenges(std::string_view field);

}  // namespace sallyport::source
