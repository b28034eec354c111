#include "tls/server_names.h"

#include "base/bytes.h"

namespace sallyport::tls {

ServerNames::ServerNames(const std::vector<ServerRulePtr>& rules) {
  for (const ServerRulePtr& rule : rules) {
    ask_clients_ |= rule->asks_client();
    staples_.insert(staples_.end(), rule->staples().begin(), rule->staples().end());
    for (const std::string& name : rule->names()) rules_.try_emplace(name, rule);
  }
}

ServerRulePtr ServerNames::at(std::string_view key) const {
  auto found = rules_.find(key);
  return found == rules_.end() ? nullptr : found->second;
}

// A wildcard stands for one label, as in certificates (RFC 9525 6.3).
ServerRulePtr ServerNames::find(std::string_view name) const {
  if (rules_.empty()) return nullptr;
  std::string lower = to_lower(name);
  if (lower.ends_with('.')) lower.pop_back();
  if (lower.empty()) return at("*");
  if (auto exact = at(lower)) return exact;
  if (auto dot = lower.find('.'); dot != std::string::npos && dot > 0) {
    if (auto wildcard = at("*" + lower.substr(dot))) return wildcard;
  }
  return at("*");
}

}  // namespace sallyport::tls
