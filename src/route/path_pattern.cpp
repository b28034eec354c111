#include "route/path_pattern.h"

#include "base/bytes.h"
#include "exchange/exchange.h"

#include <algorithm>
#include <utility>

namespace sallyport::route {
namespace {

// Where the first wildcard or parameter begins; the size of `text` when there is none.
std::size_t size_of_key(std::string_view text, Parameters parameters) {
  const std::size_t star = text.find('*');
  std::size_t colon = std::string_view::npos;
  if (parameters == Parameters::kYes) {
    if (text.starts_with(':')) colon = 0;
    if (const std::size_t slash = text.find("/:"); slash != std::string_view::npos) colon = std::min(colon, slash + 1);
  }
  return std::min({star, colon, text.size()});
}

void append_literally(std::string& regex, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c & 0x80) != 0;
    if (!plain) regex += '\\';
    regex += c;
  }
}

// A wildcard inside a segment stands for any text, but has no name.
void append_segment(std::string& regex, std::string_view segment) {
  for (std::size_t star; (star = segment.find('*')) != std::string_view::npos; segment.remove_prefix(star + 1)) {
    append_literally(regex, segment.substr(0, star));
    regex += ".*";
  }
  append_literally(regex, segment);
}

// The expression for a whole path, with one group a name.
std::string regex_of(std::string_view text, Parameters parameters, std::vector<std::string>& names) {
  std::string regex = "(?s)\\A";
  bool first = true;
  for (const std::string_view segment : split(text, '/')) {
    if (!std::exchange(first, false)) regex += '/';
    if (segment.starts_with('*')) {
      const std::string_view name = segment.substr(1);
      names.emplace_back(name.empty() ? ":ext" : name);
      regex += "(.*)";
    } else if (segment.starts_with(':') && parameters == Parameters::kYes) {
      names.emplace_back(segment.substr(1));
      regex += "([^/]+)";
    } else {
      append_segment(regex, segment);
    }
  }
  return regex + "\\z";
}

}  // namespace

Result<PathPattern> PathPattern::compile(std::string text, Parameters parameters) {
  if (text.empty()) return fail(ErrorCode::kInvalid, "a uri is empty; give a path like \"/a\" or \"/a/*\"");
  PathPattern pattern;
  pattern.text_ = std::move(text);
  pattern.key_size_ = size_of_key(pattern.text_, parameters);
  pattern.is_literal_ = pattern.key_size_ == pattern.text_.size();

  const std::string_view rest = std::string_view(pattern.text_).substr(pattern.key_size_);
  if (pattern.is_literal_ || rest == "*") return pattern;
  std::string regex = regex_of(pattern.text_, parameters, pattern.names_);
  if (pattern.names_.empty()) return pattern;  // as in APISIX: "/a*b" is any path that begins with "/a"
  TRY(Regex segments, Regex::compile(regex));
  pattern.segments_ = std::move(segments);
  for (std::string& name : pattern.names_) name.insert(0, kParameterPrefix);
  return pattern;
}

bool PathPattern::matches(std::string_view path) const { return !segments_ || segments_->matches(path); }

void PathPattern::name_parameters(std::string_view path, exchange::Exchange& exchange) const {
  if (!segments_) return;
  const std::vector<std::string_view> groups = segments_->capture(path);
  for (std::size_t i = 0; i < names_.size() && i + 1 < groups.size(); ++i) {
    exchange.set_property(names_[i], groups[i + 1]);
  }
}

}  // namespace sallyport::route
