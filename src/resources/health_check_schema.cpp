#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view health_check_definitions() noexcept {
  return R"json({
  "http_statuses": {
    "type": "array", "minItems": 1, "uniqueItems": true,
    "items": {"type": "integer", "minimum": 200, "maximum": 599}
  },
  "check_type": {"type": "string", "enum": ["http", "https", "tcp"], "default": "http"},

  "checks": {
    "type": "object",
    "properties": {
      "active": {"$ref": "#/definitions/active_checks"},
      "passive": {"$ref": "#/definitions/passive_checks"}
    },
    "anyOf": [{"required": ["active"]}, {"required": ["passive"]}]
  }
})json";
}

std::string_view active_check_definition() noexcept {
  return R"json({
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
  }
})json";
}

std::string_view passive_check_definition() noexcept {
  return R"json({
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
          "timeouts": {"type": "integer", "minimum": 0, "maximum": 254, "default": 7},
          "recovery_time": {"type": "number", "minimum": 0.001, "default": 30}
        }
      }
    }
  }
})json";
}

}  // namespace sallyport::resources
