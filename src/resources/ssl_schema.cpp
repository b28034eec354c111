#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view ssl_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "$ref": "#/definitions/stored_members",
    "desc": {"$ref": "#/definitions/desc"},
    "labels": {"$ref": "#/definitions/labels"},
    "type": {"type": "string", "enum": ["server", "client"], "default": "server"},
    "status": {"type": "integer", "enum": [1, 0], "default": 1},

    "sni": {"$ref": "#/definitions/host"},
    "snis": {"type": "array", "items": {"$ref": "#/definitions/host"}, "minItems": 1},
    "cert": {"$ref": "#/definitions/pem_certificate"},
    "key": {"$ref": "#/definitions/pem_key"},
    "certs": {"type": "array", "items": {"$ref": "#/definitions/pem_certificate"}},
    "keys": {"type": "array", "items": {"$ref": "#/definitions/pem_key"}},

    "client": {
      "type": "object",
      "properties": {
        "ca": {"$ref": "#/definitions/pem_certificate"},
        "depth": {"type": "integer", "minimum": 0, "default": 1},
        "skip_mtls_uri_regex": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true}
      },
      "required": ["ca"]
    },
    "ocsp_stapling": {
      "type": "object",
      "properties": {
        "enabled": {"type": "boolean", "default": false},
        "skip_verify": {"type": "boolean", "default": false},
        "cache_ttl": {"type": "integer", "minimum": 60, "default": 3600},
        "responder_url": {"type": "string", "pattern": "^http://[^/?#@]+", "maxLength": 2048}
      },
      "additionalProperties": false
    },
    "ssl_protocols": {
      "type": "array",
      "items": {"type": "string", "enum": ["TLSv1.1", "TLSv1.2", "TLSv1.3"]},
      "maxItems": 3,
      "uniqueItems": true
    }
  },
  "if": {"properties": {"type": {"enum": ["server"]}}},
  "then": {"oneOf": [{"required": ["sni", "key", "cert"]}, {"required": ["snis", "key", "cert"]}]},
  "else": {"required": ["key", "cert"]},
  "additionalProperties": false
})json";
}

std::string_view pem_definitions() noexcept {
  return R"json({
  "pem_certificate": {"type": "string", "minLength": 128, "maxLength": 65536},
  "pem_key": {"type": "string", "minLength": 64, "maxLength": 65536}
})json";
}

}  // namespace sallyport::resources
