#include "yaml/builder.h"

#include "yaml/scalar.h"
#include "yaml/syntax_hint.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::yaml {
namespace {

constexpr std::size_t kMaxDepth = 128;
constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kPlain = "?";  // the parser's tags of scalars that have none
constexpr std::string_view kQuoted = "!";

Mark mark_of(const YAML::Mark& at) { return {at.line + 1, at.column + 1}; }

std::string_view standard_tag(std::string_view tag) {
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  return tag.starts_with(kPrefix) ? tag.substr(kPrefix.size()) : std::string_view();
}

bool has_type(const json::Value& value, std::string_view name) {
  if (name == "null") return value.is_null();
  if (name == "bool") return value.is_boolean();
  if (name == "int") return value.is_integer();
  return name == "float" && value.is_number();
}

json::Value scalar(std::string_view tag, const std::string& text, Mark mark) {
  std::string_view standard = standard_tag(tag);
  if (tag == kQuoted || standard == "str") return text;
  auto typed = typed_scalar(text);
  if (!typed) throw Refusal{mark, fmt::format("{} is no number that JSON can hold; quote it if it is text", text)};
  if (tag.empty() || tag == kPlain || has_type(*typed, standard)) return *std::move(typed);
  throw Refusal{mark, fmt::format("the tag {} is not understood here; remove it", tag)};
}

std::size_t bytes_of(const json::Value& value) {
  std::size_t bytes = sizeof(json::Value);
  if (value.is_string()) bytes += value.string().size();
  if (value.is_array()) {
    for (const json::Value& element : value.array()) bytes += bytes_of(element);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.object()) bytes += key.size() + bytes_of(member);
  }
  return bytes;
}

}  // namespace

void Builder::OnDocumentStart(const YAML::Mark& at) {
  if (seen_document_) throw Refusal{mark_of(at), "a second document begins; give one document only"};
  seen_document_ = true;
  root_.marks.mark = mark_of(at);
}

void Builder::OnNull(const YAML::Mark& at, YAML::anchor_t anchor) {
  if (expects_key()) throw Refusal{mark_of(at), "a key is missing or null; quote it if it is text"};
  Built built{json::Value(), Marks{mark_of(at), {}}};
  remember(anchor, built);
  put(std::move(built));
}

void Builder::OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) {
  auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw Refusal{mark_of(at), "the alias stands inside what it is an alias of"};
  const json::Value& value = found->second.value;
  spend(value, mark_of(at));
  if (!expects_key()) return put(Built{value, Marks{mark_of(at), {}}});
  if (!value.is_string()) throw Refusal{mark_of(at), "the alias used as a key is no text"};
  take_key(value.string(), mark_of(at), false);
}

void Builder::OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, const std::string& text) {
  refuse_open_quote(at);
  Built built{expects_key() ? json::Value(text) : scalar(tag, text, mark_of(at)), Marks{mark_of(at), {}}};
  remember(anchor, built);
  if (!expects_key()) return put(std::move(built));
  take_key(text, mark_of(at), tag == kPlain && text == kMergeKey);
}

// The parser takes the end of the text for a closing quote, and all that stands before it for the scalar.
void Builder::refuse_open_quote(const YAML::Mark& at) const {
  const auto begin = static_cast<std::size_t>(at.pos);
  if (begin >= text_.size() || (text_[begin] != '"' && text_[begin] != '\'')) return;
  if (!quote_is_closed(text_, begin)) throw Refusal{mark_of(at), "this quote is never closed; close it"};
}

void Builder::OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value) {
  open(json::Array(), mark_of(at), tag, anchor);
}

void Builder::OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) {
  open(json::Object(), mark_of(at), tag, anchor);
}

void Builder::OnMapEnd() {
  merge(open_.back());
  close();
}

void Builder::take_key(std::string key, Mark mark, bool is_merge) {
  Open& map = open_.back();
  if (!is_merge && !map.keys.insert(key).second) {
    throw Refusal{mark, fmt::format("the key \"{}\" appears twice in one map", key)};
  }
  map.key = std::move(key);
  map.key_mark = mark;
  map.merges = is_merge;
}

void Builder::put(Built built) {
  if (open_.empty()) {
    root_ = std::move(built);
    return;
  }
  Open& parent = open_.back();
  if (parent.built.value.is_array()) {
    parent.built.value.array().push_back(std::move(built.value));
  } else {
    std::string key = *std::exchange(parent.key, std::nullopt);
    built.marks.mark = parent.key_mark;
    if (parent.merges) return parent.merged.push_back(std::move(built));
    parent.built.value.object().append(std::move(key), std::move(built.value));
  }
  parent.built.marks.children.push_back(std::move(built.marks));
}

void Builder::open(json::Value container, Mark mark, const std::string& tag, YAML::anchor_t anchor) {
  if (expects_key()) throw Refusal{mark, "a key must be a scalar"};
  std::string_view standard = standard_tag(tag);
  bool fits = standard == (container.is_array() ? "seq" : "map");
  if (!tag.empty() && tag != kPlain && tag != kQuoted && !fits) {
    throw Refusal{mark, fmt::format("the tag {} is not understood here; remove it", tag)};
  }
  if (open_.size() == kMaxDepth) throw Refusal{mark, fmt::format("nested deeper than {} levels", kMaxDepth)};
  open_.emplace_back();
  open_.back().built = Built{std::move(container), Marks{mark, {}}};
  open_.back().anchor = anchor;
}

void Builder::close() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  remember(closed.anchor, closed.built);
  put(std::move(closed.built));
}

void Builder::remember(YAML::anchor_t anchor, const Built& built) {
  if (anchor == 0) return;
  spend(built.value, built.marks.mark);
  anchors_[anchor] = built;
}

// What a map says itself wins over what it merges; of several merged maps the first wins.
void Builder::merge(Open& map) {
  auto add = [&](const json::Value& from, Mark mark) {
    if (!from.is_object()) throw Refusal{mark, "`<<` merges a map or a list of maps"};
    for (const auto& [key, value] : from.object()) {
      if (!map.keys.insert(key).second) continue;
      map.built.value.object().append(key, value);
      map.built.marks.children.push_back(Marks{mark, {}});
    }
  };
  for (const Built& merged : map.merged) {
    if (!merged.value.is_array()) {
      add(merged.value, merged.marks.mark);
      continue;
    }
    for (const json::Value& element : merged.value.array()) add(element, merged.marks.mark);
  }
}

void Builder::spend(const json::Value& copied, Mark mark) {
  std::size_t bytes = bytes_of(copied);
  if (bytes > left_) throw Refusal{mark, "anchors and aliases unfold into more than 64 MiB; write less with them"};
  left_ -= bytes;
}

}  // namespace sallyport::yaml
