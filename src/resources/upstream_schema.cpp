#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view upstream_schema() noexcept { return R"json({"$ref": "#/definitions/upstream"})json"; }

std::string_view upstream_definition() noexcept {
  return R"json({
  "upstream": {
    "type": "object",
    "properties": {
      "$ref": "#/definitions/described_members",

      "nodes": {"$ref": "#/definitions/nodes"},
      "service_name": {"type": "string", "minLength": 1, "maxLength": 256},
      "discovery_type": {"type": "string"},
      "discovery_args": {
        "type": "object",
        "properties": {"namespace_id": {"type": "string"}, "group_name": {"type": "string"}}
      },

      "type": {"type": "string", "default": "roundrobin"},
      "hash_on": {
        "type": "string",
        "enum": ["vars", "header", "cookie", "consumer", "vars_combinations"],
        "default": "vars"
      },
      "key": {"type": "string"},

      "scheme": {"enum": ["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"], "default": "http"},
      "http_version": {"enum": ["1.1", "2"]},
      "pass_host": {"type": "string", "enum": ["pass", "node", "rewrite"], "default": "pass"},
      "upstream_host": {"$ref": "#/definitions/host"},
      "tls": {"$ref": "#/definitions/tls"},

      "timeout": {"$ref": "#/definitions/timeout"},
      "retries": {"type": "integer", "minimum": 0},
      "retry_timeout": {"type": "number", "minimum": 0},
      "keepalive_pool": {"$ref": "#/definitions/keepalive_pool"},
      "slow_start": {"type": "number", "minimum": 0},
      "checks": {"$ref": "#/definitions/checks"}
    },
    "oneOf": [{"required": ["nodes"]}, {"required": ["service_name", "discovery_type"]}],
    "additionalProperties": false
  }
})json";
}

std::string_view upstream_part_definitions() noexcept {
  return R"json({
  "nodes": {"anyOf": [
    {"type": "object", "patternProperties": {".*": {"type": "integer", "minimum": 0}}},
    {"type": "array", "items": {
      "type": "object",
      "properties": {
        "host": {"$ref": "#/definitions/host"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "weight": {"type": "integer", "minimum": 0},
        "priority": {"type": "integer", "default": 0},
        "metadata": {"type": "object"}
      },
      "required": ["host", "weight"]
    }}
  ]},

  "tls": {
    "type": "object",
    "properties": {
      "client_cert_id": {"$ref": "#/definitions/id"},
      "client_cert": {"type": "string", "minLength": 128, "maxLength": 65536},
      "client_key": {"type": "string", "minLength": 64, "maxLength": 65536},
      "verify": {"type": "boolean", "default": false}
    },
    "dependencies": {
      "client_cert": {"required": ["client_key"]},
      "client_key": {"required": ["client_cert"]},
      "client_cert_id": {"not": {"required": ["client_cert", "client_key"]}}
    }
  },

  "keepalive_pool": {
    "type": "object",
    "properties": {
      "size": {"type": "integer", "minimum": 1, "default": 320},
      "idle_timeout": {"type": "number", "minimum": 0, "default": 60},
      "requests": {"type": "integer", "minimum": 1, "default": 1000}
    }
  }
})json";
}

}  // namespace sallyport::resources
