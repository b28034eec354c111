#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view shared_definitions() noexcept {
  return R"json({
  "id": {"anyOf": [
    {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-zA-Z0-9-_.]+$"},
    {"type": "integer", "minimum": 1}
  ]},
  "name": {"type": "string", "minLength": 1, "maxLength": 256},
  "desc": {"type": "string", "maxLength": 256},
  "labels": {
    "type": "object",
    "patternProperties": {
      ".*": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^\\S+$"}
    }
  },
  "time": {"type": "integer"},

  "host": {"type": "string", "pattern": "^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$"},
  "hosts": {"type": "array", "items": {"$ref": "#/definitions/host"}, "minItems": 1, "uniqueItems": true},
  "method": {
    "type": "string",
    "enum": ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"]
  },
  "remote_addr": {
    "type": "string",
    "anyOf": [
      {"title": "IPv4", "format": "ipv4"},
      {"title": "IPv4/CIDR", "pattern":
        "^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])/([12]?[0-9]|3[0-2])$"},
      {"title": "IPv6", "format": "ipv6"},
      {"title": "IPv6/CIDR", "pattern":
        "^([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?/[0-9]{1,3}$"}
    ]
  },
  "timeout": {
    "type": "object",
    "properties": {
      "connect": {"type": "number", "exclusiveMinimum": 0},
      "send": {"type": "number", "exclusiveMinimum": 0},
      "read": {"type": "number", "exclusiveMinimum": 0}
    },
    "required": ["connect", "send", "read"]
  },

  "plugins": {"type": "object"},
  "script": {"type": "string", "minLength": 10, "maxLength": 102400}
})json";
}

std::string_view member_definitions() noexcept {
  return R"json({
  "stored_members": {
    "id": {"$ref": "#/definitions/id"},
    "create_time": {"$ref": "#/definitions/time"},
    "update_time": {"$ref": "#/definitions/time"}
  },
  "described_members": {
    "$ref": "#/definitions/stored_members",
    "name": {"$ref": "#/definitions/name"},
    "desc": {"$ref": "#/definitions/desc"},
    "labels": {"$ref": "#/definitions/labels"}
  },
  "serving_members": {
    "$ref": "#/definitions/described_members",
    "plugins": {"$ref": "#/definitions/plugins"},
    "script": {"$ref": "#/definitions/script"},
    "upstream": {"$ref": "#/definitions/upstream"},
    "upstream_id": {"$ref": "#/definitions/id"},
    "enable_websocket": {"type": "boolean"}
  }
})json";
}

}  // namespace sallyport::resources
