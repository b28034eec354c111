#pragma once
// Which rule serves which server name: the exact name, then a wildcard of its last label, then "*". Immutable, shared
// by all workers.

#include "tls/server_rule.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::tls {

class ServerNames final {
 public:
  ServerNames() = default;
  // Of two rules with the same name, the first one serves it.
  explicit ServerNames(const std::vector<ServerRulePtr>& rules);

  // Null: none. `name` in whatever case; empty: the client named none, which "*" alone serves.
  ServerRulePtr find(std::string_view name) const;
  // What clients may ask for, of all rules that serve a name.
  const std::vector<StaplePtr>& staples() const noexcept { return staples_; }
  // Whether some name asks its clients for certificates.
  bool ask_clients() const noexcept { return ask_clients_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  ServerRulePtr at(std::string_view key) const;

  bool ask_clients_ = false;
  std::vector<StaplePtr> staples_;
  std::unordered_map<std::string, ServerRulePtr, Hash, std::equal_to<>> rules_;  // "a.example", "*.example", "*"
};

}  // namespace sallyport::tls
