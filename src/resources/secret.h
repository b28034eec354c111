#pragma once
// Secret managers, of the kind `secrets`: where texts lie that other resources refer to as
// `$secret://vault/ID/PATH/MEMBER`. Plain values; who fetches is source/secret_keeper.h.

#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::resources {

// HashiCorp Vault and what speaks its HTTP API: a KV engine of version 1.
struct SecretManager {
  std::string uri;         // "https://vault.example:8200"
  std::string prefix;      // the path of the engine, and what else is before all paths
  std::string token;       // as it is sent
  std::string name_space;  // empty: none

  friend auto operator<=>(const SecretManager&, const SecretManager&) = default;
};

// By their ids: "vault/1".
using SecretManagers = std::map<std::string, SecretManager, std::less<>>;

// Of a value that `check` accepted, with what its references stand for.
SecretManager secret_manager_from(const json::Value& value);

// Whether its id names a manager that is served. Error: kInvalid, naming those that are.
Status check_secret_manager(const json::Value& secret);
// What its schema cannot say. Error: kInvalid.
Status check_secret_rules(const json::Value& secret);

struct SecretReference {
  std::string manager;  // "vault/1"
  std::string path;     // below the prefix: "jack/keys"
  std::string member;   // of the secret of that path: "auth-key"
};

// `$secret://` is all it begins with, which APISIX wants in lower case.
bool is_secret_reference(std::string_view text) noexcept;
// Error: kInvalid, going on after the reference.
Result<SecretReference> parse_secret_reference(std::string_view text);

// What a reference stands for. Error: why it stands for nothing now; without a value.
using SecretLookup = std::function<Result<json::Value>(std::string_view reference)>;

// The references that stand in `resource`, each once.
std::vector<std::string> secret_references_in(Kind kind, const json::Value& resource);

// `resource` with what its references stand for. Those that stand for nothing stay as they are in confs of plugins, as
// in APISIX. Error: kInvalid, of a certificate or key that is not there: "cert: $secret://...: ...".
Result<json::Value> with_secrets(Kind kind, json::Value resource, const SecretLookup& lookup);

}  // namespace sallyport::resources
