// Confs in which something is of another type than it should be: they are refused or taken, and nothing is thrown.

#include "plugins/native/plugin_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

namespace sallyport::plugins::native {
namespace {

// Confs that say as much as they may.
constexpr std::string_view kConfs = R"json([
  {"response-rewrite": {"headers": {"add": ["X-A: b"], "set": {"X-B": "c", "X-C": 1}, "remove": ["X-D"]}, "body": "b",
                        "body_base64": false, "status_code": 200, "vars": [["status", "==", 200]]}},
  {"response-rewrite": {"headers": {"X-A": "b", "X-B": 1},
                        "filters": [{"regex": "a", "scope": "once", "replace": "b", "options": "jo"}]}},
  {"proxy-rewrite": {"uri": "/a", "method": "GET", "host": "a.test", "use_real_request_uri_unsafe": false,
                     "headers": {"add": {"X-A": ["b", 1]}, "set": {"X-B": "c"}, "remove": ["X-D"]}}},
  {"proxy-rewrite": {"regex_uri": ["^/(.*)", "/$1"], "headers": {"X-A": "b"}}},
  {"fault-injection": {"abort": {"http_status": 200, "body": "b", "headers": {"X-A": "b"}, "percentage": 50,
                                 "vars": [[["arg_a", "==", "b"]]]},
                       "delay": {"duration": 1, "percentage": 50, "vars": [[["arg_a", "==", "b"]]]}}},
  {"request-id": {"header_name": "X-Id", "include_in_response": true, "algorithm": "range_id",
                  "range_id": {"length": 16, "char_set": "abcdef"}}},
  {"prometheus": {"prefer_name": true}},
  {"request-id": {"_meta": {"disable": false, "priority": 1, "filter": [["arg_a", "==", "b"]],
                            "error_response": {"message": "no"}}}}
])json";

constexpr std::string_view kOdd =
    R"json([null, true, 0, -1, 1.5, 1e300, 9223372036854775807, "", "a", "/", "(", "a:b", [],
                                      [null], ["a"], [["a"]], [[["a", "==", "b"]]], {}, {"a": null}, {"a": {"a": 1}},
                                      {"": ""}, {"set": 1}, {"add": {}}, {"remove": "a"}])json";

// Calls `look` with `node`, a part of what is looked at, in turn replaced by each odd value, and then its parts.
void replace_each(json::Value& node, const json::Array& odd, const std::function<void()>& look) {
  const json::Value kept = node;
  for (const json::Value& value : odd) {
    node = value;
    look();
  }
  node = kept;
  if (node.is_object()) {
    for (auto& [name, member] : node.object()) replace_each(member, odd, look);
  } else if (node.is_array()) {
    for (json::Value& item : node.array()) replace_each(item, odd, look);
  }
}

TEST(OddConfs, AreRefusedOrTaken) {
  chain::Catalog catalog;
  add_native_plugins(catalog);
  json::Value confs = json::parse(kConfs).value();
  const json::Array odd = json::parse(kOdd).value().array();
  int refused = 0, taken = 0;
  for (json::Value& plugins : confs.array()) {
    auto look = [&] {
      auto links = chain::finish(chain::compile_links(catalog, plugins.object(), "routes/1", nullptr));
      ++(links ? taken : refused);
      if (links) return;
      EXPECT_EQ(links.error().what.find("a fault of the gateway"), std::string::npos) << links.error().what;
    };
    look();
    for (auto& [name, conf] : plugins.object()) replace_each(conf, odd, look);
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(taken, 50);
}

}  // namespace
}  // namespace sallyport::plugins::native
