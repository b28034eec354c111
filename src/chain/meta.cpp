#include "chain/meta.h"

#include "json/parse.h"

#include <limits>

namespace sallyport::chain {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "disable": {"type": "boolean"},
    "error_response": {"oneOf": [{"type": "string"}, {"type": "object"}]},
    "priority": {"description": "rank among the plugins of this object, highest first", "type": "integer"},
    "filter": {"description": "the plugin runs for requests that match this expression", "type": "array"},
    "pre_function": {"description": "Lua code, which is refused", "type": "string"}
  },
  "additionalProperties": false
})";

constexpr std::string_view kPreFunction =
    "_meta.pre_function is Lua code, which this gateway does not run; remove it, or use _meta.filter for a condition";

Status read_filter(const json::Value& filter, Meta& meta) {
  auto compiled = exchange::Expression::compile(filter);
  if (!compiled) return fail(ErrorCode::kInvalid, "failed to validate the 'vars' expression: " + compiled.error().what);
  if (!compiled->always_true()) meta.filter = std::make_shared<const exchange::Expression>(std::move(*compiled));
  return {};
}

void read_error_response(const json::Value& body, Meta& meta) {
  meta.error_response_is_json = body.is_object();
  meta.error_response = body.is_object() ? json::print(body) + "\n" : body.string();
}

}  // namespace

Result<Meta> Meta::of(const json::Value& conf) {
  Meta meta;
  const json::Value* written = conf.find("_meta");
  if (!written) return meta;
  if (written->find("pre_function")) return fail(ErrorCode::kInvalid, std::string(kPreFunction));
  meta.disable = written->boolean_or("disable", false);
  if (const json::Value* priority = written->find("priority")) {
    std::int64_t rank = priority->integer();
    if (rank < std::numeric_limits<int>::min() || rank > std::numeric_limits<int>::max()) {
      return fail(ErrorCode::kInvalid, "_meta.priority is out of range; give a number of at most nine digits");
    }
    meta.priority = static_cast<int>(rank);
  }
  if (const json::Value* body = written->find("error_response")) read_error_response(*body, meta);
  if (const json::Value* filter = written->find("filter")) TRY_STATUS(read_filter(*filter, meta));
  return meta;
}

bool is_disabled(const json::Value& conf) {
  const json::Value* meta = conf.find("_meta");
  return meta && meta->boolean_or("disable", false);
}

json::Value with_meta(const json::Value& schema) {
  json::Value combined = schema;
  json::Value& properties = combined.object()["properties"];
  if (!properties.is_object()) properties = json::Object{};
  properties.object()["_meta"] = json::parse(kSchema).value();
  return combined;
}

}  // namespace sallyport::chain
