#include "admin/stamps.h"

#include <chrono>
#include <string>

namespace sallyport::admin {
namespace {

json::Value seconds(WallTime now) {
  return std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()};
}

const json::Value* creation_of(const json::Value& previous) {
  const json::Value* created = previous.find("create_time");
  return created ? created : previous.find("update_time");
}

}  // namespace

Status refuse_stamps(const json::Value& value) {
  std::string found;
  for (const char* name : {"create_time", "update_time"}) {
    if (value.find(name)) found += std::string(" ") + name;
  }
  if (found.empty()) return {};
  return fail(ErrorCode::kInvalid, "the property is forbidden: " + found);
}

void stamp_new(json::Value& value, const json::Value* previous, WallTime now) {
  const json::Value* created = previous ? creation_of(*previous) : nullptr;
  value.object()["create_time"] = created ? *created : seconds(now);
  value.object()["update_time"] = seconds(now);
}

void stamp_patched(json::Value& value, const json::Value* patch, WallTime now) {
  if (!value.find("create_time")) value.object()["create_time"] = seconds(now);
  if (!patch || !patch->find("update_time")) value.object()["update_time"] = seconds(now);
}

}  // namespace sallyport::admin
