#pragma once
// What the text of an apisix.yaml says, item by item. Pure functions; YamlStore keeps the state.

#include "base/environment.h"
#include "base/result.h"
#include "store/store.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::store {

// Whether a value can be served. Error: kInvalid with the reason.
using Check = std::function<Status(const Key&, const json::Value&)>;

// An item as it was written. `fault` says why it cannot be served; the value counts only without one.
struct Item {
  Key key;
  json::Value value;   // its `id` is set
  std::string origin;  // "conf/apisix.yaml:12:5"
  std::string fault;
};

struct YamlResources {
  std::vector<Item> items;                // in written order
  std::vector<std::string> broken_kinds;  // those that are no lists: nothing is known about their items
  std::vector<std::string> faults;        // of no single item: "conf/apisix.yaml:3:1: routes must be a list"
  std::vector<std::string> warnings;
};

// Items without an id get `arr_<n>`, counted from 1 in their list; of two items with one id the first counts.
// `name` names the file in messages. Error: kInvalid when the text as a whole cannot be used: it does not end with
// `#END`, a variable is missing, it is no YAML, or no map.
Result<YamlResources> read_yaml_resources(std::string_view text, const std::string& name, const Check& check,
                                          const EnvironmentLookup& lookup = process_environment);

}  // namespace sallyport::store
