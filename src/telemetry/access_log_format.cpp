#include "telemetry/access_log_format.h"

#include "telemetry/log_escape.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace sallyport::telemetry {
namespace {

constexpr std::string_view kStandard =
    "$remote_addr - $remote_user [$time_local] $http_host \"$request\" $status $body_bytes_sent $request_time "
    "\"$http_referer\" \"$http_user_agent\" $upstream_addr $upstream_status $upstream_response_time "
    "\"$upstream_scheme://$upstream_host$upstream_uri\" \"$apisix_request_id\"";

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, and a fraction perhaps: what nginx's counting variables look like.
bool is_json_number(std::string_view text) {
  auto after_whole = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = after_whole - text.begin();
  if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
  if (after_whole == text.end()) return true;
  return *after_whole == '.' && after_whole + 1 != text.end() && std::all_of(after_whole + 1, text.end(), is_digit);
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  append_json_escaped(line, value);
  line += '"';
}

}  // namespace

Result<AccessLogFormat> AccessLogFormat::compile(std::string_view format, Escape escape) {
  AccessLogFormat compiled(escape);
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] == '$') {
      TRY_STATUS(compiled.parse_variable(format, at));
      continue;
    }
    const std::size_t end = std::min(format.find('$', at), format.size());
    std::string literal(format.substr(at, end - at));
    std::erase_if(literal, [](char c) { return c == '\n' || c == '\r'; });
    compiled.pieces_.push_back({Form::kLiteral, std::move(literal)});
    at = end;
  }
  return compiled;
}

void AccessLogFormat::add_variable(Form form, std::string_view name) {
  pieces_.push_back({form});
  variables_.emplace_back(name);
}

Status AccessLogFormat::parse_variable(std::string_view format, std::size_t& at) {
  const std::size_t dollar = at++;
  const bool in_braces = at < format.size() && format[at] == '{';
  if (in_braces) ++at;
  const std::size_t start = at;
  while (at < format.size() && is_name(format[at])) ++at;
  std::string_view name = format.substr(start, at - start);
  if (name.empty() || (in_braces && (at == format.size() || format[at] != '}'))) {
    return fail(ErrorCode::kInvalid,
                fmt::format("access_log_format: the '$' at character {} is not followed by a variable's name; "
                            "write $name or ${{name}}",
                            dollar + 1));
  }
  if (in_braces) ++at;
  add_variable(Form::kValue, name);
  return {};
}

const AccessLogFormat& AccessLogFormat::standard() {
  static const AccessLogFormat format = make_standard();
  return format;
}

const AccessLogFormat& AccessLogFormat::json() {
  static const AccessLogFormat format = make_json();
  return format;
}

AccessLogFormat AccessLogFormat::make_standard() {
  auto format = compile(kStandard, Escape::kDefault).value();
  format.add_variable(Form::kReason, "reason");
  return format;
}

AccessLogFormat AccessLogFormat::make_json() {
  struct Member {
    std::string_view key;
    std::string_view variable;
    Form form;
  };
  static constexpr std::array kMembers{
      Member{"time", "time_iso8601", Form::kJsonText},
      Member{"remote_addr", "remote_addr", Form::kJsonText},
      Member{"host", "http_host", Form::kJsonText},
      Member{"method", "request_method", Form::kJsonText},
      Member{"uri", "request_uri", Form::kJsonText},
      Member{"protocol", "server_protocol", Form::kJsonText},
      Member{"status", "status", Form::kJsonNumber},
      Member{"reason", "reason", Form::kJsonText},
      Member{"body_bytes_sent", "body_bytes_sent", Form::kJsonNumber},
      Member{"request_time", "request_time", Form::kJsonNumber},
      Member{"referer", "http_referer", Form::kJsonText},
      Member{"user_agent", "http_user_agent", Form::kJsonText},
      Member{"route_id", "route_id", Form::kJsonText},
      Member{"service_id", "service_id", Form::kJsonText},
      Member{"consumer_name", "consumer_name", Form::kJsonText},
      Member{"upstream_addr", "upstream_addr", Form::kJsonText},
      Member{"upstream_status", "upstream_status", Form::kJsonNumber},
      Member{"upstream_response_time", "upstream_response_time", Form::kJsonNumber},
      Member{"request_id", "apisix_request_id", Form::kJsonText},
  };
  AccessLogFormat format(Escape::kJson);
  for (const Member& member : kMembers) {
    const std::string_view before = format.pieces_.empty() ? "{" : ",";
    format.pieces_.push_back({Form::kLiteral, fmt::format("{}\"{}\":", before, member.key)});
    format.add_variable(member.form, member.variable);
  }
  format.pieces_.push_back({Form::kLiteral, "}"});
  return format;
}

void AccessLogFormat::render(std::string& line, VariableLookup variable) const {
  std::size_t index = 0;
  for (const Piece& piece : pieces_) {
    if (piece.form == Form::kLiteral) {
      line += piece.text;
      continue;
    }
    const auto value = variable(index++);
    if (piece.form == Form::kValue) {
      render_value(line, value);
    } else if (piece.form == Form::kReason) {
      if (value && !value->empty()) append_escaped(line += " reason=", *value);
    } else if (!value) {
      line += "null";
    } else if (piece.form == Form::kJsonNumber && is_json_number(*value)) {
      line += *value;
    } else {
      append_quoted(line, *value);
    }
  }
}

void AccessLogFormat::render_value(std::string& line, std::optional<std::string_view> value) const {
  switch (escape_) {
    case Escape::kDefault:
      return value ? append_escaped(line, *value) : void(line += '-');
    case Escape::kJson:
      return append_json_escaped(line, value.value_or(""));
    case Escape::kNone:
      return append_on_one_line(line, value.value_or(""));
  }
}

}  // namespace sallyport::telemetry
