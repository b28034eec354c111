#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view service_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "id": {"$ref": "#/definitions/id"},
    "name": {"$ref": "#/definitions/name"},
    "desc": {"$ref": "#/definitions/desc"},
    "labels": {"$ref": "#/definitions/labels"},
    "create_time": {"$ref": "#/definitions/time"},
    "update_time": {"$ref": "#/definitions/time"},

    "hosts": {"$ref": "#/definitions/hosts"},
    "plugins": {"$ref": "#/definitions/plugins"},
    "script": {"$ref": "#/definitions/script"},
    "upstream": {"$ref": "#/definitions/upstream"},
    "upstream_id": {"$ref": "#/definitions/id"},
    "enable_websocket": {"type": "boolean"}
  },
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
