#include "resources/schemas.h"

namespace sallyport::resources {

std::string_view service_schema() noexcept {
  return R"json({
  "type": "object",
  "properties": {
    "$ref": "#/definitions/serving_members",
    "hosts": {"$ref": "#/definitions/hosts"}
  },
  "additionalProperties": false
})json";
}

}  // namespace sallyport::resources
