#pragma once
// All plugin types that this gateway knows, by name. Filled by `app`; a copy shares the types, so that a change is made
// on a copy which then takes the place of the original. Belongs to the control thread.

#include "base/result.h"
#include "chain/plugin.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::chain {

class Catalog {
 public:
  void add(std::shared_ptr<const PluginType> type);
  // In place of the one of that name, if there is one.
  void put(std::shared_ptr<const PluginType> type);
  void remove(std::string_view name);
  // Keeps only the types whose name is in `names` (a `plugins` list in the settings).
  void keep_only(const std::vector<std::string>& names);
  // What to do about a plugin of that name while it is not here, for whoever names it.
  void explain_absence(std::string name, std::string what_to_do);

  const PluginType* find(std::string_view name) const noexcept;
  std::shared_ptr<const PluginType> share(std::string_view name) const noexcept;  // null for an unknown name
  std::vector<const PluginType*> by_priority() const;                             // highest first

  // The schema of a conf with `_meta` in it, as the Admin API shows and checks it; null for an unknown name.
  const json::Schema* schema(std::string_view name) const noexcept;

  // A disabled plugin passes with a conf that its schema refuses, as it never runs.
  // Error: kInvalid; "unknown plugin [x]", with what to do where that is known, or "failed to check the configuration
  // of plugin x err: ...".
  Status check(std::string_view name, const json::Value& conf) const;

 private:
  struct Entry {
    std::shared_ptr<const PluginType> type;
    json::Schema schema;
  };
  const Entry* entry(std::string_view name) const noexcept;
  std::string hint_about(std::string_view unknown) const;

  std::vector<Entry> entries_;
  std::map<std::string, std::string, std::less<>> absent_;  // what to do about it, by name
};

}  // namespace sallyport::chain
