#pragma once
// What references to secrets stand for, fetched from their managers and kept: who compiles resources looks up and never
// waits, and what was fetched once stays until something newer is there. Belongs to the control thread.

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"
#include "resources/secret.h"
#include "source/visit.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::source {

// The members of the secret at `path`, by the API of Vault's KV engine, version 1. Error: kUnavailable where nobody
// answers, else kInvalid; neither with what was answered.
Task<Result<json::Object>> ask_vault(Web& web, resources::SecretManager manager, std::string path);

class SecretKeeper final {
 public:
  using Ask = std::function<Task<Result<json::Object>>(resources::SecretManager, std::string path)>;

  struct Times {
    Milliseconds keep{300'000};         // before what was fetched is fetched again
    Milliseconds longest_wait{60'000};  // before another try of what could not be fetched
  };

  // `clock` outlives it.
  SecretKeeper(const Clock& clock, Ask ask) : clock_(clock), ask_(std::move(ask)) {}
  SecretKeeper(const SecretKeeper&) = delete;
  SecretKeeper& operator=(const SecretKeeper&) = delete;

  void set_times(Times times) { times_ = times; }
  // Of all references from now on.
  void use(resources::SecretManagers managers) { managers_ = std::move(managers); }

  // Fetches what is not there yet. What cannot be resolved is logged, once.
  Task<void> fetch(std::vector<std::string> references);
  // Fetches all that is due, and forgets what is not among `references`. Whether one stands for something else now.
  Task<bool> refresh(std::vector<std::string> references);
  // Before the next `refresh`.
  Milliseconds wait() const;

  // As resources::SecretLookup.
  Result<json::Value> find(std::string_view reference) const;

 private:
  // A secret, whatever its manager's address and token are at the time.
  struct Place {
    std::string manager;  // "vault/1"
    std::string path;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Entry {
    std::optional<json::Object> fresh;  // nothing: the last try has failed
    json::Object known;                 // with what was there before and is there no more
    Error error;
    std::optional<resources::SecretManager> asked;  // as it was at the last try
    SteadyTime tried{};
    unsigned failures = 0;
  };
  struct Round;

  Result<Place> place_of(const resources::SecretReference& reference) const;
  bool is_due(const Place& place) const;
  Task<void> fetch_places(std::vector<Place> places);
  Task<void> fetch_some(Round& round);
  void take(const Place& place, resources::SecretManager asked, Result<json::Object> fetched);
  void tell(const std::vector<std::string>& references);
  std::string why_unresolved(const std::string& reference) const;

  const Clock& clock_;
  Ask ask_;
  Times times_;
  resources::SecretManagers managers_;
  std::map<Place, Entry> entries_;
  std::map<std::string, std::string> told_;  // what is wrong, by reference
};

}  // namespace sallyport::source
