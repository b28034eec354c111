#include "store/yaml_resources.h"

#include "base/setting_text.h"
#include "resources/kinds.h"
#include "yaml/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sallyport::store {
namespace {

// What APISIX reads from this file and we do not.
constexpr std::string_view kNotServedYet[] = {"consumers", "consumer_groups", "plugin_metadata",
                                              "plugins",   "protos",          "stream_routes"};

bool has_end_flag(std::string_view text) {
  std::size_t end = text.find_last_not_of(" \t\r\n");
  return end != std::string_view::npos && text.substr(0, end + 1).ends_with("#END");
}

class Reading {
 public:
  Reading(const yaml::Document& document, const Check& check) : document_(document), check_(check) {}

  YamlResources take() && { return std::move(found_); }

  void read_member(const std::string& name, const json::Value& value) {
    std::string pointer = "/" + name;
    if (!resources::find_kind(name)) return warn_about(name, pointer);
    if (value.is_null()) return;
    if (!value.is_array()) {
      found_.faults.push_back(fmt::format("{}: {} must be a list", document_.where(pointer), name));
      found_.broken_kinds.push_back(name);
      return;
    }
    for (std::size_t i = 0; i < value.array().size(); ++i) read_item(name, i, value.array()[i]);
  }

 private:
  void warn_about(const std::string& name, const std::string& pointer) {
    const std::string where = document_.where(pointer);
    if (std::ranges::find(kNotServedYet, name) != std::end(kNotServedYet)) {
      return found_.warnings.push_back(fmt::format("{}: {}: not served yet; ignored", where, name));
    }
    std::vector<std::string_view> known(std::begin(kNotServedYet), std::end(kNotServedYet));
    for (const resources::KindInfo& kind : resources::kinds()) known.push_back(kind.folder);
    const std::string hint = did_you_mean(name, known);
    // A list that is not served because of a letter is no list of the user's own.
    auto& to = hint.empty() ? found_.warnings : found_.faults;
    to.push_back(fmt::format("{}: {}: no kind of resource; ignored{}", where, name, hint));
  }

  void read_item(const std::string& kind, std::size_t index, const json::Value& value) {
    Item item;
    item.key = Key{kind, fmt::format("arr_{}", index + 1)};
    item.origin = document_.where(fmt::format("/{}/{}", kind, index));
    item.fault = fault_of(item, value);
    found_.items.push_back(std::move(item));
  }

  // Completes the item, and says why it cannot be served; empty when it can.
  std::string fault_of(Item& item, const json::Value& value) {
    if (!value.is_object()) return "must be a map";
    if (const json::Value* id = value.find("id")) {
      if (!id->is_string() && !id->is_integer()) return "id must be text or a whole number";
      item.key.id = id->is_string() ? id->string() : std::to_string(id->integer());
    }
    auto [first, is_new] = seen_.emplace(item.key, item.origin);
    if (!is_new) return "the same id stands at " + first->second + ", which counts";
    item.value = value;
    item.value.object()["id"] = item.key.id;
    Status checked = check_(item.key, item.value);
    return checked ? std::string() : checked.error().what;
  }

  const yaml::Document& document_;
  const Check& check_;
  std::map<Key, std::string> seen_;
  YamlResources found_;
};

}  // namespace

Result<YamlResources> read_yaml_resources(std::string_view text, const std::string& name, const Check& check,
                                          const EnvironmentLookup& lookup) {
  if (!has_end_flag(text)) {
    return fail(ErrorCode::kInvalid, fmt::format("{}:{}:1: missing valid end flag; write `#END` as the last line, so "
                                                 "that half a file is never used",
                                                 name, 1 + std::ranges::count(text, '\n')));
  }
  TRY(std::string resolved, substitute_environment(text, name, lookup));
  TRY(yaml::Document document, yaml::Document::parse(resolved, name));
  if (document.value().is_null()) return YamlResources();
  if (!document.value().is_object()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: the file must be a map of lists, such as `routes:`", document.where("")));
  }
  Reading reading(document, check);
  for (const auto& [member, value] : document.value().object()) reading.read_member(member, value);
  return std::move(reading).take();
}

}  // namespace sallyport::store
