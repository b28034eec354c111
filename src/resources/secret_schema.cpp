#include "resources/schemas.h"

namespace sallyport::resources {

// That of APISIX's manager `vault`.
std::string_view secret_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "id": {"type": "string", "maxLength": 128, "pattern": "^[a-z]+/[a-zA-Z0-9-_.]+$"},
    "create_time": {"$ref": "#/definitions/time"},
    "update_time": {"$ref": "#/definitions/time"},
    "uri": {"type": "string", "pattern": "^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?"},
    "prefix": {"type": "string"},
    "token": {"type": "string"},
    "namespace": {"type": "string"}
  },
  "required": ["uri", "prefix", "token"]
})json";
}

}  // namespace sallyport::resources
