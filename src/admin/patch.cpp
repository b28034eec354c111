#include "admin/patch.h"

namespace sallyport::admin {

void merge(json::Value& target, const json::Value& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = json::Object();
  for (const auto& [key, value] : patch.object()) {
    if (value.is_null()) {
      target.object().erase(key);
    } else {
      merge(target.object()[key], value);
    }
  }
}

Status set_at(json::Value& target, std::span<const std::string> path, const json::Value& value) {
  json::Value* at = &target;
  std::string walked;
  for (const std::string& name : path.first(path.size() - 1)) {
    walked += "/" + name;
    at = &at->object()[name];
    if (at->is_null()) *at = json::Object();
    if (!at->is_object()) return fail(ErrorCode::kInvalid, "invalid sub-path: " + walked);
  }
  if (value.is_null()) {
    at->object().erase(path.back());
  } else {
    at->object()[path.back()] = value;
  }
  return {};
}

}  // namespace sallyport::admin
