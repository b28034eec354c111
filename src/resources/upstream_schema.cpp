#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view upstream_schema() noexcept { return R"json({"$ref": "#/definitions/upstream"})json"; }

std::string_view upstream_definitions() noexcept {
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
  },

  "http_statuses": {
    "type": "array", "minItems": 1, "uniqueItems": true,
    "items": {"type": "integer", "minimum": 200, "maximum": 599}
  },
  "check_type": {"type": "string", "enum": ["http", "https", "tcp"], "default": "http"},

  "active_checks": {
    "type": "object",
    "properties": {
      "type": {"$ref": "#/definitions/check_type"},
      "timeout": {"type": "number", "default": 1},
      "concurrency": {"type": "integer", "default": 10},
      "host": {"$ref": "#/definitions/host"},
      "port": {"type": "integer", "minimum": 1, "maximum": 65535},
      "http_method": {"$ref": "#/definitions/method", "default": "GET"},
      "http_path": {"type": "string", "default": "/"},
      "http_req_body": {"type": "string", "default": ""},
      "https_verify_certificate": {"type": "boolean", "default": true},
      "req_headers": {"type": "array", "minItems": 1, "items": {"type": "string"}},
      "healthy": {
        "type": "object",
        "properties": {
          "interval": {"type": "integer", "minimum": 1, "default": 1},
          "http_statuses": {"$ref": "#/definitions/http_statuses", "default": [200, 302]},
          "successes": {"type": "integer", "minimum": 1, "maximum": 254, "default": 2}
        }
      },
      "unhealthy": {
        "type": "object",
        "properties": {
          "interval": {"type": "integer", "minimum": 1, "default": 1},
          "http_statuses": {
            "$ref": "#/definitions/http_statuses", "default": [429, 404, 500, 501, 502, 503, 504, 505]
          },
          "http_failures": {"type": "integer", "minimum": 1, "maximum": 254, "default": 5},
          "tcp_failures": {"type": "integer", "minimum": 1, "maximum": 254, "default": 2},
          "timeouts": {"type": "integer", "minimum": 1, "maximum": 254, "default": 3}
        }
      }
    }
  },

  "passive_checks": {
    "type": "object",
    "properties": {
      "type": {"$ref": "#/definitions/check_type"},
      "healthy": {
        "type": "object",
        "properties": {
          "http_statuses": {
            "$ref": "#/definitions/http_statuses",
            "default": [200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                        300, 301, 302, 303, 304, 305, 306, 307, 308]
          },
          "successes": {"type": "integer", "minimum": 0, "maximum": 254, "default": 5}
        }
      },
      "unhealthy": {
        "type": "object",
        "properties": {
          "http_statuses": {"$ref": "#/definitions/http_statuses", "default": [429, 500, 503]},
          "http_failures": {"type": "integer", "minimum": 0, "maximum": 254, "default": 5},
          "tcp_failures": {"type": "integer", "minimum": 0, "maximum": 254, "default": 2},
          "timeouts": {"type": "integer", "minimum": 0, "maximum": 254, "default": 7}
        }
      }
    }
  },

  "checks": {
    "type": "object",
    "properties": {
      "active": {"$ref": "#/definitions/active_checks"},
      "passive": {"$ref": "#/definitions/passive_checks"}
    },
    "anyOf": [{"required": ["active"]}, {"required": ["active", "passive"]}]
  },

  "upstream": {
    "type": "object",
    "properties": {
      "id": {"$ref": "#/definitions/id"},
      "name": {"$ref": "#/definitions/name"},
      "desc": {"$ref": "#/definitions/desc"},
      "labels": {"$ref": "#/definitions/labels"},
      "create_time": {"$ref": "#/definitions/time"},
      "update_time": {"$ref": "#/definitions/time"},

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
      "pass_host": {"type": "string", "enum": ["pass", "node", "rewrite"], "default": "pass"},
      "upstream_host": {"$ref": "#/definitions/host"},
      "tls": {"$ref": "#/definitions/tls"},

      "timeout": {"$ref": "#/definitions/timeout"},
      "retries": {"type": "integer", "minimum": 0},
      "retry_timeout": {"type": "number", "minimum": 0},
      "keepalive_pool": {"$ref": "#/definitions/keepalive_pool"},
      "checks": {"$ref": "#/definitions/checks"}
    },
    "oneOf": [{"required": ["nodes"]}, {"required": ["service_name", "discovery_type"]}],
    "additionalProperties": false
  }
})json";
}

}  // namespace sallyport::resources
