#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view global_rule_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "$ref": "#/definitions/stored_members",
    "plugins": {"$ref": "#/definitions/plugins"}
  },
  "required": ["id", "plugins"],
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
