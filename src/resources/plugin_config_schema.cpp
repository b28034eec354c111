#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view plugin_config_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "$ref": "#/definitions/described_members",
    "name": {"type": "string"},
    "plugins": {"$ref": "#/definitions/plugins"}
  },
  "required": ["id", "plugins"],
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
