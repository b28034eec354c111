#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view route_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "$ref": "#/definitions/serving_members",

    "uri": {"type": "string", "minLength": 1, "maxLength": 4096},
    "uris": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true},
    "priority": {"type": "integer", "default": 0},
    "methods": {"type": "array", "items": {"$ref": "#/definitions/method"}, "uniqueItems": true},
    "host": {"$ref": "#/definitions/host"},
    "hosts": {"$ref": "#/definitions/hosts"},
    "remote_addr": {"$ref": "#/definitions/remote_addr"},
    "remote_addrs": {
      "type": "array", "items": {"$ref": "#/definitions/remote_addr"}, "minItems": 1, "uniqueItems": true
    },
    "vars": {"type": "array"},
    "filter_func": {"type": "string", "minLength": 10, "pattern": "^function"},
    "status": {"type": "integer", "enum": [1, 0], "default": 1},

    "plugin_config_id": {"$ref": "#/definitions/id"},
    "script_id": {"$ref": "#/definitions/id"},
    "service_id": {"$ref": "#/definitions/id"},
    "timeout": {"$ref": "#/definitions/timeout"}
  },
  "allOf": [
    {"oneOf": [{"required": ["uri"]}, {"required": ["uris"]}]},
    {"not": {"required": ["host", "hosts"]}},
    {"not": {"required": ["remote_addr", "remote_addrs"]}}
  ],
  "anyOf": [
    {"required": ["plugins", "uri"]},
    {"required": ["upstream", "uri"]},
    {"required": ["upstream_id", "uri"]},
    {"required": ["service_id", "uri"]},
    {"required": ["plugins", "uris"]},
    {"required": ["upstream", "uris"]},
    {"required": ["upstream_id", "uris"]},
    {"required": ["service_id", "uris"]},
    {"required": ["script", "uri"]},
    {"required": ["script", "uris"]}
  ],
  "not": {"anyOf": [{"required": ["script", "plugins"]}, {"required": ["script", "plugin_config_id"]}]},
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
