#pragma once
// `_meta`: what every conf may say to the chain, whatever its plugin is. A plain value.

#include "base/result.h"
#include "exchange/expression.h"
#include "json/value.h"

#include <memory>
#include <optional>
#include <string>

namespace sallyport::chain {

struct Meta {
  bool disable = false;
  std::optional<int> priority;
  std::shared_ptr<const exchange::Expression> filter;  // null: always
  std::optional<std::string> error_response;
  bool error_response_is_json = false;

  // Of a conf that passed its schema. Error: kInvalid, without the name of the plugin.
  static Result<Meta> of(const json::Value& conf);
};

// Whether the conf says `_meta.disable: true`; the conf need not have passed its schema.
bool is_disabled(const json::Value& conf);

// The schema of a plugin's conf with `_meta` among its properties.
json::Value with_meta(const json::Value& schema);

}  // namespace sallyport::chain
