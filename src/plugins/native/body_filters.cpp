#include "plugins/native/body_filters.h"

namespace sallyport::plugins::native {
namespace {

// The pattern with OpenResty's option letters as PCRE's own settings at its start. "j" and "o" (compile once, just in
// time) and "d" (another matcher) ask for no other result. Error: the letter that is none.
Result<std::string> with_options(const std::string& pattern, std::string_view options) {
  std::string verb, letters;
  bool anchored = false;
  for (char c : options) {
    switch (c) {
      case 'j':
      case 'o':
      case 'd':
        break;
      case 'i':
      case 'm':
      case 's':
      case 'x':
        letters.push_back(c);
        break;
      case 'D':
        letters.push_back('J');
        break;
      case 'u':
      case 'U':
        verb = "(*UTF)";
        break;
      case 'a':
        anchored = true;
        break;
      default:
        return fail(ErrorCode::kInvalid, std::string("unknown flag \"") + c + "\"");
    }
  }
  std::string settings = letters.empty() ? "" : "(?" + letters + ")";
  return verb + settings + (anchored ? "\\G(?:" + pattern + ")" : pattern);
}

}  // namespace

Result<BodyFilters> BodyFilters::of(const json::Value& written) {
  BodyFilters filters;
  for (const json::Value& each : written.array()) {
    std::string regex = each.string_or("regex", "");
    std::string options = each.string_or("options", "");
    std::string where = "regex \"" + regex + "\" validation failed";
    auto pattern = with_options(regex, options);
    if (!pattern)
      return fail(ErrorCode::kInvalid, where + ": " + pattern.error().what + " (flags \"" + options + "\")");
    auto compiled = Regex::compile(*pattern);
    if (!compiled) return fail_at(where, std::move(compiled.error()));
    bool is_global = each.string_or("scope", "once") == "global";
    filters.filters_.push_back(Filter{std::move(*compiled), each.string_or("replace", ""), is_global});
  }
  return filters;
}

std::string BodyFilters::apply(std::string body) const {
  for (const Filter& filter : filters_) body = filter.pattern.replace(body, filter.replacement, filter.each);
  return body;
}

}  // namespace sallyport::plugins::native
