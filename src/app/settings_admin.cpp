#include "app/settings_parts.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::size_t kShortKey = 16;

void warn_of_short_key(Section& section, std::string_view at, const std::string& key) {
  if (key.size() >= kShortKey) return;
  section.warn(at, fmt::format("is shorter than {} characters, and is accepted from this machine only", kShortKey));
}

void add_key(Section key, std::vector<AdminKey>& to) {
  AdminKey admin_key{.name = fmt::format("key-{}", to.size() + 1), .key = "", .role = AdminRole::kAdmin};
  key.read("name", admin_key.name);
  key.read("key", admin_key.key);
  key.read_choice<AdminRole>("role", admin_key.role, {{"admin", AdminRole::kAdmin}, {"viewer", AdminRole::kViewer}});
  key.finish();
  if (admin_key.key.empty()) return key.warn("key", "is empty, and counts as not there");
  warn_of_short_key(key, "key", admin_key.key);
  to.push_back(std::move(admin_key));
}

// A list of {name, key, role}, or the key itself.
void read_keys(Section& section, std::vector<AdminKey>& to) {
  const Setting setting = section.at("admin_key");
  if (!setting.value) return;
  to.clear();
  if (setting.value->is_string()) {
    const std::string& key = setting.value->string();
    if (key.empty()) return section.warn("admin_key", "is empty, and counts as not there");
    warn_of_short_key(section, "admin_key", key);
    return void(to.emplace_back("admin", key, AdminRole::kAdmin));
  }
  for (const Setting& key : section.list("admin_key")) add_key({section.problems(), key}, to);
}

}  // namespace

void read_admin(Section& section, AdminSettings& admin) {
  read_listen(section, "admin_listen", admin.listen);
  read_keys(section, admin.keys);
  section.read("admin_key_required", admin.key_required);
  section.read("enable_admin_cors", admin.cors);
  read_networks(section, "allow_admin", admin.allow_from);
}

}  // namespace sallyport::app
