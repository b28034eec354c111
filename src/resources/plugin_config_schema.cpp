#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view plugin_config_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "id": {"$ref": "#/definitions/id"},
    "name": {"type": "string"},
    "desc": {"$ref": "#/definitions/desc"},
    "labels": {"$ref": "#/definitions/labels"},
    "create_time": {"$ref": "#/definitions/time"},
    "update_time": {"$ref": "#/definitions/time"},
    "plugins": {"$ref": "#/definitions/plugins"}
  },
  "required": ["id", "plugins"],
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
