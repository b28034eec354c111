#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view global_rule_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "id": {"$ref": "#/definitions/id"},
    "create_time": {"$ref": "#/definitions/time"},
    "update_time": {"$ref": "#/definitions/time"},
    "plugins": {"$ref": "#/definitions/plugins"}
  },
  "required": ["id", "plugins"],
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
