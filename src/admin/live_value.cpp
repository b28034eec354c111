#include "admin/live_value.h"

#include "source/spec.h"

#include <algorithm>
#include <utility>

namespace sallyport::admin {
namespace {

std::uint64_t number_of(const json::Value& version) {
  return static_cast<std::uint64_t>(version.integer_or("version", 0));
}

const json::Array& versions_of(const json::Value& value) {
  static const json::Array none;
  const json::Value* versions = value.find("versions");
  return versions && versions->is_array() ? versions->array() : none;
}

// Without what tells one handing-in from the next.
json::Object essence(json::Object version) {
  version.erase("version");
  version.erase("create_time");
  return version;
}

void forget_oldest(json::Array& versions, std::uint64_t present, std::size_t keep) {
  while (versions.size() > std::max<std::size_t>(keep, 1)) {
    auto oldest = std::ranges::find_if(versions, [&](const auto& one) { return number_of(one) != present; });
    versions.erase(oldest);
  }
}

json::Value assemble(std::string_view id, const json::Object& present, json::Array versions, const json::Value* old) {
  json::Object value{{"id", id}};
  for (const auto& [name, member] : present) {
    if (name != "create_time") value[name] = member;
  }
  value["versions"] = std::move(versions);
  for (const char* time : {"create_time", "update_time"}) {
    if (const json::Value* known = old ? old->find(time) : nullptr) value[time] = *known;
  }
  return value;
}

}  // namespace

const json::Value* find_version(const json::Value& value, std::uint64_t number) {
  const json::Array& versions = versions_of(value);
  auto found = std::ranges::find_if(versions, [&](const auto& one) { return number_of(one) == number; });
  return found == versions.end() || number == 0 ? nullptr : &*found;
}

json::Value settings_of(const json::Value& value) {
  const json::Value* settings = value.find("settings");
  return settings && settings->is_object() ? *settings : json::Value(json::Object());
}

json::Object present_version(const json::Value& value) {
  const json::Value* found = find_version(value, number_of(value));
  return found && found->is_object() ? found->object() : json::Object();
}

json::Value with_version(const json::Value* value, std::string_view id, json::Object version, std::size_t keep) {
  json::Array versions = value ? versions_of(*value) : json::Array();
  if (value && essence(present_version(*value)) == essence(version)) {
    return assemble(id, present_version(*value), std::move(versions), value);
  }
  std::uint64_t highest = 0;
  for (const json::Value& known : versions) highest = std::max(highest, number_of(known));
  json::Object numbered{{"version", highest + 1}};
  for (auto& [name, member] : version) numbered[name] = std::move(member);
  versions.emplace_back(numbered);
  forget_oldest(versions, highest + 1, keep);
  return assemble(id, numbered, std::move(versions), value);
}

json::Value with_present(json::Value value, std::uint64_t number) {
  const json::Value* found = find_version(value, number);
  if (!found) return value;
  const bool has_source = found->find("source") != nullptr;
  value = assemble(value.string_or("id", ""), json::Object(found->object()), versions_of(value), &value);
  if (has_source) value.object()["source_paused"] = true;
  return value;
}

json::Value without_secrets(json::Value value) {
  if (!value.is_object()) return value;
  if (json::Value* own = value.object().find("source")) *own = source::without_secrets(*own);
  if (json::Value* versions = value.object().find("versions"); versions && versions->is_array()) {
    for (json::Value& version : versions->array()) version = without_secrets(std::move(version));
  }
  return value;
}

void add_hashes(const json::Value& value, std::set<std::string>& names) {
  for (const json::Value& version : versions_of(value)) names.insert(version.string_or("sha256", ""));
}

}  // namespace sallyport::admin
