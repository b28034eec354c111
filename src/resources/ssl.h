#pragma once
// Certificates for server names, and which clients those admit; or, of the kind `client`, what the gateway itself shows
// to upstreams. A plain value; what is in the certificates the room `tls` knows.

#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::resources {

enum class SslType : std::uint8_t { kServer, kClient };

struct Ssl {
  struct Pair {
    std::string cert, key;  // PEM
    friend bool operator==(const Pair&, const Pair&) = default;
  };
  struct Client {
    std::string ca;  // PEM
    std::int64_t depth = 1;
    std::vector<std::string> skip_mtls_uri_regex;
    friend bool operator==(const Client&, const Client&) = default;
  };
  struct OcspStapling {
    bool skip_verify = false;
    std::int64_t cache_ttl = 3600;  // seconds
    std::string responder_url;      // empty: whom the certificate names
    friend bool operator==(const OcspStapling&, const OcspStapling&) = default;
  };

  std::string id;
  SslType type = SslType::kServer;
  bool enabled = true;             // status
  std::vector<std::string> names;  // sni or snis
  std::vector<Pair> pairs;         // cert and key, then certs and keys
  std::optional<Client> client;
  std::vector<std::string> protocols;  // ssl_protocols; none: those of the settings
  std::optional<OcspStapling> ocsp_stapling;

  friend bool operator==(const Ssl&, const Ssl&) = default;
};

// Of a value that `check` accepted and whose defaults are filled.
Ssl ssl_from(const json::Value& value);

// What its schema cannot say. Error: kInvalid with APISIX's words.
Status check_ssl_rules(const json::Value& ssl);

// Whether a resource of that kind has private keys, in `ssls` or for upstreams, or a token, in `secrets`.
bool has_private_keys(Kind kind, const json::Value& resource);
// As it may be shown: without them. What only refers to a token stays.
json::Value without_private_keys(Kind kind, json::Value resource);

}  // namespace sallyport::resources
