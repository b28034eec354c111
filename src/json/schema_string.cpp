// minLength, maxLength, pattern, format.
#include "base/regex.h"
#include "json/schema_rules.h"
#include "json/utf8.h"

#include <arpa/inet.h>

namespace sallyport::json {
namespace {

bool is_address(const std::string& text, int family) {
  in6_addr parsed;  // large enough for both families
  bool whole = text.find('\0') == std::string::npos;
  return whole && inet_pton(family, text.c_str(), &parsed) == 1;
}

Status add_lengths(Node& node, const std::string& place) {
  TRY(const Value* least, count_keyword(node, "minLength", place));
  TRY(const Value* most, count_keyword(node, "maxLength", place));
  if (!least && !most) return {};
  auto check = [least, most](const Value& value, Trial& trial) {
    if (!value.is_string()) return true;
    auto length = static_cast<std::int64_t>(count_code_points(value.string()));
    if (least && length < least->integer()) {
      return trial.fail("string too short, expected at least {}, got {}", least->integer(), length);
    }
    if (most && length > most->integer()) {
      return trial.fail("string too long, expected at most {}, got {}", most->integer(), length);
    }
    return true;
  };
  node.rules.push_back({check, {}});
  return {};
}

Status add_pattern(Node& node, const std::string& place) {
  TRY(const Value* pattern, keyword(node, "pattern", Type::kString, place));
  if (!pattern) return {};
  auto compiled = Regex::compile(pattern->string());
  if (!compiled) return bad_schema(place + "/pattern", compiled.error().what);
  auto check = [pattern, regex = std::make_shared<const Regex>(std::move(*compiled))](const Value& value,
                                                                                      Trial& trial) {
    if (!value.is_string() || regex->matches(value.string())) return true;
    return trial.fail("failed to match pattern \"{}\" with \"{}\"", pattern->string(), value.string());
  };
  node.rules.push_back({check, {}});
  return {};
}

Status add_format(Node& node, const std::string& place) {
  TRY(const Value* format, keyword(node, "format", Type::kString, place));
  if (!format || (format->string() != "ipv4" && format->string() != "ipv6")) return {};
  int family = format->string() == "ipv4" ? AF_INET : AF_INET6;
  auto check = [format, family](const Value& value, Trial& trial) {
    if (!value.is_string() || is_address(value.string(), family)) return true;
    return trial.fail("expect valid {} format but got: {}", format->string(), value.string());
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace

Status add_string_rules(Compiler&, Node& node, const std::string& place) {
  TRY_STATUS(add_lengths(node, place));
  TRY_STATUS(add_pattern(node, place));
  return add_format(node, place);
}

}  // namespace sallyport::json
