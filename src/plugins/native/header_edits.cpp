#include "plugins/native/header_edits.h"

#include "exchange/exchange.h"
#include "json/parse.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::plugins::native {
namespace {

using exchange::Template;

Status add_value(std::vector<Template>& values, const json::Value& value) {
  std::string text = value.is_string() ? value.string() : json::print(value);
  if (!http::is_field_value(text)) return fail(ErrorCode::kInvalid, "invalid value character in header");
  values.emplace_back(text);
  return {};
}

Status check_name(std::string_view name) {
  if (name.empty()) return fail(ErrorCode::kInvalid, "invalid field length in header");
  if (!http::is_field_name(name)) {
    return fail(ErrorCode::kInvalid, fmt::format("invalid field character in header \"{}\"", name));
  }
  return {};
}

bool is_structure(const json::Value* value) { return value && (value->is_object() || value->is_array()); }

}  // namespace

Result<HeaderEdits::Edit> HeaderEdits::make_edit(std::string_view name, const json::Value& value) {
  TRY_STATUS(check_name(name));
  Edit edit{std::string(name), http::known_field(name), {}};
  if (value.is_array()) {
    for (const json::Value& each : value.array()) TRY_STATUS(add_value(edit.values, each));
  } else {
    TRY_STATUS(add_value(edit.values, value));
  }
  return edit;
}

Status HeaderEdits::add(std::string_view name, const json::Value& value) {
  TRY(Edit edit, make_edit(name, value));
  added_.push_back(std::move(edit));
  return {};
}

Status HeaderEdits::set(std::string_view name, const json::Value& value) {
  TRY(Edit edit, make_edit(name, value));
  set_.push_back(std::move(edit));
  return {};
}

Status HeaderEdits::remove(std::string_view name) {
  TRY_STATUS(check_name(name));
  removed_.emplace_back(name);
  return {};
}

void HeaderEdits::apply(http::Headers& headers, const exchange::Exchange& exchange,
                        const Template::Groups& groups) const {
  auto rendered = [&](const Template& value) {
    return as_field_value(value.render(exchange, nullptr, groups), exchange.arena);
  };
  auto add_lines = [&](const Edit& edit) {
    for (const Template& value : edit.values) {
      std::string_view text = rendered(value);
      if (!text.empty()) headers.add_view(edit.name, text, edit.known);
    }
  };
  for (const Edit& edit : added_) add_lines(edit);
  for (const Edit& edit : set_) {
    std::string_view only = edit.values.size() == 1 ? rendered(edit.values.front()) : std::string_view{};
    if (!only.empty()) {
      headers.set_view(edit.name, only);
    } else {
      headers.remove(edit.name);
      if (edit.values.size() > 1) add_lines(edit);
    }
  }
  for (const std::string& name : removed_) headers.remove(name);
}

std::string_view as_field_value(std::string_view value, Arena& arena) {
  if (http::is_field_value(value)) return value;
  std::string encoded;
  for (char c : value) {
    if (http::is_field_value({&c, 1})) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return arena.copy(encoded);
}

bool names_edits(const json::Value& headers) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"add", "set", "remove"},
                             [&](std::string_view key) { return is_structure(headers.find(key)); });
}

}  // namespace sallyport::plugins::native
