#pragma once
// What is said about a source: `source` of a plugin, a text or an object. Plain values, and how they are read.

#include "base/clock.h"
#include "json/value.h"
#include "source/reference.h"
#include "source/url.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sallyport::source {

enum class Pull : std::uint8_t { kIfNotPresent, kAlways };

struct Credentials {
  std::string username, password;  // for Basic, and for the token service of a registry
  std::string token;               // for Bearer
  bool empty() const noexcept { return username.empty() && token.empty(); }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Spec {
  std::string url;  // as written
  std::variant<Url, Reference> place;
  bool is_secure = true;  // over TLS
  std::string sha256;     // of the module; or empty
  Pull pull = Pull::kIfNotPresent;
  Milliseconds interval{3'600'000};  // between two looks, of kAlways
  Milliseconds timeout{60'000};      // of each request
  Credentials credentials;

  std::string shown() const;  // for logs, without secrets
  friend bool operator==(const Spec&, const Spec&) = default;
};

struct SpecProblem {
  std::string pointer;  // below the source, "/interval"; empty: the source itself
  std::string what;     // goes on after the name
};

// Every problem is told; with one, the value is not to be used.
Spec read_spec(const json::Value& source, std::vector<SpecProblem>& problems);
// The same. Error: kInvalid with every problem, "source.url is no address ...; source.pull ...".
Result<Spec> read_spec(const json::Value& source);

// What may be shown of a source: all but password and token.
json::Value without_secrets(const json::Value& source);

// What tells sources apart whose bytes may differ: 64 hexadecimal digits.
std::string fingerprint(const Spec& spec);

}  // namespace sallyport::source
