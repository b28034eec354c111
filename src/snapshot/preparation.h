#pragma once
// One change on its way: takes items over into a copy of the present set and compiles the routes that they touch.
// Belongs to the control thread.

#include "snapshot/resource_set.h"
#include "snapshot/route_compiler.h"
#include "snapshot/snapshot_builder.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::snapshot {

class Preparation final {
 public:
  Preparation(const CompileContext& context, const ResourceSet& base) : context_(context), base_(base), set_(base) {}
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  // Takes the items over and compiles; what is bad is left as it was and listed.
  Task<void> run(std::vector<Item> items);
  ResourceSet& set() noexcept { return set_; }
  std::vector<Rejected>& rejected() noexcept { return rejected_; }
  // What is served and yet deserves a warning.
  Unserved& warnings() noexcept { return warnings_; }

 private:
  Task<Status> take(Item item);
  Result<json::Value> complete(resources::Kind kind, const json::Value& value);
  void remember_secrets(resources::Kind kind, const Item& item);
  Status take_route(const std::string& id, const std::optional<json::Value>& value);
  Status take_service(const std::string& id, const std::optional<json::Value>& value);
  Status take_upstream(const std::string& id, const std::optional<json::Value>& value);
  Status take_plugin_config(const std::string& id, const std::optional<json::Value>& value);
  Status take_ssl(const std::string& id, const std::optional<json::Value>& value);
  Task<Status> take_global_rule(std::string id, std::optional<json::Value> value);
  Task<Status> compile_global_rule(resources::GlobalRule rule);

  using Ids = ResourceSet::Ids;
  void touch_users(const std::string& used, Ids& touched);
  Task<void> compile_touched();
  Task<Status> compile_touched_route(std::string id);
  void plan_again(const std::string& id);
  Task<void> try_unused_plugins();
  Task<bool> try_plugins(std::string kind, std::string id, const resources::PluginConfs& plugins);

  const CompileContext& context_;
  const ResourceSet& base_;
  ResourceSet set_;
  struct Written {
    RoutePtr route;
    std::uint64_t order;
  };
  std::map<std::string, Written> written_;  // routes of this change, until they are compiled
  Ids touched_;                             // of routes to compile
  Ids replanned_;                           // of routes whose parts stay but not where they lead
  bool globals_changed_ = false;
  std::set<std::string> services_, plugin_configs_;  // ids that this change wrote
  bool ssls_changed_ = false;
  // Written and used, where references were resolved: what is said of a value names the reference.
  std::vector<std::pair<json::Value, json::Value>> resolved_;
  std::vector<Rejected> rejected_;
  Unserved warnings_;
};

}  // namespace sallyport::snapshot
