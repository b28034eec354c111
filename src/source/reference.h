#pragma once
// What an image in a registry is called (OCI distribution spec 1.1, "Pull"): host[:port]/repository[:tag][@digest].

#include "base/result.h"
#include "source/url.h"

#include <string>
#include <string_view>

namespace sallyport::source {

struct Reference {
  std::string host;  // as written, with its port
  std::string repository;
  std::string tag;     // "latest" where neither it nor a digest was given; else it may be empty
  std::string digest;  // "sha256:" and 64 hexadecimal digits, or empty

  // The tag or, before it, the digest.
  const std::string& pulled() const noexcept { return digest.empty() ? tag : digest; }
  std::string shown() const;  // "oci://..."
  friend bool operator==(const Reference&, const Reference&) = default;
};

// `text` begins behind "oci://". Error: kInvalid, going on after the name of what was read.
Result<Reference> parse_reference(std::string_view text);

// Where the registry is asked, its target being "/v2/repository/". docker.io stands for the host that serves it.
Result<Url> registry_of(const Reference& reference, bool is_secure);

// Whether `text` is "sha256:" and 64 lower case hexadecimal digits.
bool is_digest(std::string_view text) noexcept;

}  // namespace sallyport::source
