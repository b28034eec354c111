#include "app/settings_section.h"

#include "base/bytes.h"
#include "base/setting_text.h"
#include "json/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace sallyport::app {
namespace {

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view describe(const json::Value& value) {
  switch (value.type()) {
    case json::Type::kNull:
      return "nothing";
    case json::Type::kBoolean:
      return "a boolean";
    case json::Type::kInteger:
    case json::Type::kNumber:
      return "a number";
    case json::Type::kString:
      return "a text";
    case json::Type::kArray:
      return "a list";
    case json::Type::kObject:
      return "a mapping";
  }
  return "a value";
}

std::optional<std::string> text_of(const json::Value& value) {
  if (value.is_string()) return value.string();
  if (value.is_number()) return json::print(value);
  return std::nullopt;
}

// What switches nothing on needs no warning when it is not honoured.
bool asks_for_nothing(const json::Value& value) {
  return value.is_null() || value == json::Value(false) || (value.is_array() && value.array().empty()) ||
         (value.is_object() && value.object().empty());
}

// "node_listen:9080" is one text.
std::string colon_hint(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  return fmt::format("; write a space behind the colon: `{}: {}`", text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace

void Problems::add(Severity severity, const Setting& at, const std::string& what) {
  noted_.push_back({document_.locate(at.pointer),
                    noted_.size(),
                    {severity, where(at), (at.name.empty() ? "the file" : at.name) + " " + what}});
}

std::vector<Problem> Problems::in_order_of_the_file() && {
  std::sort(noted_.begin(), noted_.end(), [](const Noted& a, const Noted& b) {
    return std::tie(a.mark.line, a.mark.column, a.number) < std::tie(b.mark.line, b.mark.column, b.number);
  });
  std::vector<Problem> problems;
  for (Noted& noted : noted_) {
    // A section that is read in two parts is wrong once.
    if (problems.empty() || problems.back() != noted.problem) problems.push_back(std::move(noted.problem));
  }
  return problems;
}

Section::Section(Problems& problems, Setting mapping) : problems_(problems), mapping_(std::move(mapping)) {
  if (mapping_.value && mapping_.value->is_null()) mapping_.value = nullptr;
  if (!mapping_.value || mapping_.value->is_object()) return;
  problems_.error(mapping_, fmt::format("wants a mapping of keys to values, and is {}{}", describe(*mapping_.value),
                                        mapping_.value->is_string() ? colon_hint(mapping_.value->string()) : ""));
  mapping_.value = nullptr;
}

bool Section::has(std::string_view key) const {
  const json::Value* value = mapping_.value ? mapping_.value->find(key) : nullptr;
  return value && !value->is_null();
}

Setting Section::at(std::string_view key) {
  read_.emplace_back(key);
  return {has(key) ? mapping_.value->find(key) : nullptr, mapping_.pointer + "/" + escape_pointer(key), name_of(key)};
}

std::vector<Setting> Section::list(std::string_view key) {
  std::vector<Setting> elements;
  const Setting list = at(key);
  if (!list.value) return elements;
  if (!list.value->is_array()) {
    problems_.error(list, fmt::format("wants a list, and is {}", describe(*list.value)));
    return elements;
  }
  for (const json::Value& element : list.value->array()) {
    const std::size_t i = elements.size();
    elements.push_back({&element, fmt::format("{}/{}", list.pointer, i), fmt::format("{}[{}]", list.name, i)});
  }
  return elements;
}

void Section::read(std::string_view key, bool& to) {
  const json::Value* value = at(key).value;
  if (!value) return;
  if (value->is_boolean()) {
    to = value->boolean();
  } else if (*value == json::Value("true") || *value == json::Value("false")) {
    to = value->string() == "true";
  } else {
    error(key, fmt::format("wants true or false, and is {}", describe(*value)));
  }
}

void Section::read(std::string_view key, std::string& to) {
  const json::Value* value = at(key).value;
  if (!value) return;
  if (auto text = text_of(*value)) {
    to = std::move(*text);
  } else {
    error(key, fmt::format("wants a text, and is {}", describe(*value)));
  }
}

void Section::read(std::string_view key, std::vector<std::string>& to) {
  if (!has(key)) return void(at(key));
  to.clear();
  for (const Setting& element : list(key)) {
    if (auto text = text_of(*element.value)) {
      to.push_back(std::move(*text));
    } else {
      problems_.error(element, fmt::format("wants a text, and is {}", describe(*element.value)));
    }
  }
}

void Section::read(std::string_view key, std::chrono::milliseconds& to) {
  const json::Value* value = at(key).value;
  if (!value) return;
  constexpr double kMost = 365.0 * 24 * 3600;
  if (value->is_number() && value->number() >= 0 && value->number() <= kMost) {
    to = std::chrono::milliseconds(static_cast<std::int64_t>(value->number() * 1000));
  } else if (auto duration = value->is_string() ? parse_duration(value->string()) : std::nullopt) {
    to = *duration;
  } else {
    error(key, fmt::format("is no duration: {}; write seconds, or a number with a unit such as 500ms, 60s or 1m",
                           json::print(*value)));
  }
}

void Section::read_number(std::string_view key, std::int64_t& to, std::int64_t least, std::int64_t most) {
  const json::Value* value = at(key).value;
  if (!value) return;
  std::optional<std::int64_t> number;
  if (value->is_integer()) number = value->integer();
  if (value->is_string()) {
    if (auto parsed = parse_unsigned(value->string()); parsed && *parsed <= INT64_MAX) {
      number = static_cast<std::int64_t>(*parsed);
    }
  }
  if (number && *number >= least && *number <= most) {
    to = *number;
  } else {
    error(key, fmt::format("wants a whole number from {} to {}, and is {}", least, most, json::print(*value)));
  }
}

void Section::read_size(std::string_view key, std::uint64_t& to) {
  const json::Value* value = at(key).value;
  if (!value) return;
  auto text = text_of(*value);
  if (auto size = text ? parse_size(*text) : std::nullopt) {
    to = *size;
  } else {
    error(key, fmt::format("is no size: {}; write bytes, or a number with k, m or g", json::print(*value)));
  }
}

std::optional<std::size_t> Section::choose(std::string_view key, std::span<const std::string_view> names) {
  const json::Value* value = at(key).value;
  if (!value) return std::nullopt;
  auto text = text_of(*value);
  auto found = text ? std::find(names.begin(), names.end(), *text) : names.end();
  if (found != names.end()) return found - names.begin();
  error(key, fmt::format("is {}; give one of: {}", json::print(*value), fmt::join(names, ", ")));
  return std::nullopt;
}

Setting Section::below(std::string_view pointer) const {
  Setting setting{nullptr, mapping_.pointer + std::string(pointer), mapping_.name};
  for (std::string_view part : split(pointer.substr(1), '/')) {
    if (parse_unsigned(part)) {
      setting.name += fmt::format("[{}]", part);
    } else {
      setting.name += (setting.name.empty() ? "" : ".") + std::string(part);
    }
  }
  return setting;
}

std::string Section::name_of(std::string_view key) const {
  return mapping_.name.empty() ? std::string(key) : fmt::format("{}.{}", mapping_.name, key);
}

void Section::finish(std::span<const std::string_view> not_honoured, Severity misspelt) {
  if (!mapping_.value) return;
  const std::vector<std::string> read = read_;
  std::vector<std::string_view> known(not_honoured.begin(), not_honoured.end());
  known.insert(known.end(), read.begin(), read.end());
  for (const auto& [key, value] : mapping_.value->object()) {
    if (std::ranges::find(read, key) != read.end()) continue;
    if (std::ranges::find(not_honoured, key) == not_honoured.end()) {
      std::string hint = colon_hint(key);
      if (hint.empty()) hint = did_you_mean(key, known);
      const Severity severity = hint.empty() ? Severity::kWarning : misspelt;
      problems_.add(severity, at(key), "is an unknown key and has no effect" + hint);
    } else if (!asks_for_nothing(value)) {
      warn(key, "is not honoured by this version and has no effect");
    }
  }
}

}  // namespace sallyport::app
