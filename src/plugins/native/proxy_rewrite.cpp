#include "base/regex.h"
#include "exchange/template.h"
#include "plugins/native/header_edits.h"
#include "plugins/native/native_type.h"
#include "plugins/native/upstream_target.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::plugins::native {
namespace {

using exchange::Template;

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "uri": {
      "description": "path and query for the upstream, with variables",
      "type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^\\/.*"
    },
    "method": {
      "description": "method for the upstream",
      "type": "string",
      "enum": ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "MKCOL", "COPY", "MOVE", "PROPFIND", "LOCK",
               "UNLOCK", "PATCH", "TRACE"]
    },
    "regex_uri": {
      "description": "pairs of a pattern and what replaces its match; the first that matches, where uri is not set",
      "type": "array", "minItems": 2, "items": {"type": "string"}
    },
    "host": {
      "description": "Host for the upstream",
      "type": "string", "pattern": "^[0-9a-zA-Z-.]+(:\\d{1,5})?$"
    },
    "headers": {
      "description": "edits of the request's fields",
      "oneOf": [
        {
          "type": "object",
          "minProperties": 1,
          "additionalProperties": false,
          "properties": {
            "add": {
              "type": "object",
              "minProperties": 1,
              "patternProperties": {
                "^[^:]+$": {
                  "oneOf": [
                    {"type": "string"},
                    {"type": "number"},
                    {"type": "array", "minItems": 1, "items": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
                  ]
                }
              }
            },
            "set": {
              "type": "object",
              "minProperties": 1,
              "patternProperties": {
                "^[^:]+$": {
                  "oneOf": [
                    {"type": "string"},
                    {"type": "number"},
                    {"type": "array", "minItems": 1, "items": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
                  ]
                }
              }
            },
            "remove": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[^:]+$"}}
          }
        },
        {
          "type": "object",
          "minProperties": 1,
          "patternProperties": {"^[^:]+$": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
        }
      ]
    },
    "use_real_request_uri_unsafe": {
      "description": "begin with the request target as the client sent it, neither decoded nor normalised",
      "type": "boolean", "default": false
    }
  },
  "minProperties": 1
})";

struct Substitution {
  Regex pattern;
  std::string replacement;
};

struct Conf {
  std::optional<Template> uri;
  std::vector<Substitution> substitutions;
  std::string method;
  std::string host;
  HeaderEdits headers;
  bool uses_real_uri = false;
};

// A "?" that a variable brings into a path is part of the path.
std::string escape_question_marks(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '?') {
      out += "%3F";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

class ProxyRewriteFilter final : public Filter {
 public:
  explicit ProxyRewriteFilter(const Conf& conf) : conf_(conf) {}

  Task<Verdict> rewrite(Exchange& exchange) override {
    if (!conf_.host.empty()) exchange.upstream_host = conf_.host;
    Template::Groups groups;
    if (conf_.uses_real_uri) {
      rewrite_real_uri(exchange, groups);
    } else {
      rewrite_uri(exchange, groups);
    }
    conf_.headers.apply(exchange.request.headers, exchange, groups);
    if (!conf_.method.empty()) exchange.request.method = conf_.method;
    return Verdict::proceed();
  }

 private:
  // Without a new path the client's own stays as it is.
  void rewrite_uri(Exchange& exchange, Template::Groups& groups) const {
    std::string target;
    bool may_have_query = true;
    if (conf_.uri) {
      target = conf_.uri->render(exchange, escape_question_marks);
    } else if (const Substitution* substitution = first_match(exchange.uri, groups)) {
      target = substitution->pattern.replace(exchange.uri, substitution->replacement, false);
      may_have_query = exchange.uri.find('?') == std::string_view::npos;  // else it was %3F, a part of the path
    } else {
      return;
    }
    std::size_t mark = may_have_query ? target.find('?') : std::string::npos;
    std::string encoded = encode_path(std::string_view(target).substr(0, mark));
    if (mark != std::string::npos) encoded += encode_query(std::string_view(target).substr(mark));
    exchange.set_upstream_target(with_arguments(std::move(encoded), exchange.query));
  }

  // Everything as it was written: nothing is encoded that the request line can carry.
  void rewrite_real_uri(Exchange& exchange, Template::Groups& groups) const {
    std::string_view real = exchange.variable("real_request_uri").value_or("/");
    if (conf_.uri) {
      std::size_t mark = real.find('?');
      std::string_view query = mark == std::string_view::npos ? std::string_view{} : real.substr(mark + 1);
      std::string target(conf_.uri->render(exchange, escape_question_marks));
      return exchange.set_upstream_target(with_arguments(std::move(target), query));
    }
    const Substitution* substitution = first_match(real, groups);
    if (!substitution) return exchange.set_upstream_target(real);
    exchange.set_upstream_target(substitution->pattern.replace(real, substitution->replacement, false));
  }

  const Substitution* first_match(std::string_view uri, Template::Groups& groups) const {
    for (const Substitution& substitution : conf_.substitutions) {
      groups = substitution.pattern.capture(uri);
      if (!groups.empty()) return &substitution;
    }
    return nullptr;
  }

  const Conf& conf_;
};

class ProxyRewrite final : public Plugin {
 public:
  explicit ProxyRewrite(Conf conf) : conf_(std::move(conf)) {}
  PhaseSet phases() const override { return {Phase::kRewrite}; }
  Filter* make_filter(Exchange& exchange) const override { return &exchange.arena.make<ProxyRewriteFilter>(conf_); }

 private:
  Conf conf_;
};

// "$1", "${1}" and "$$" are all that may follow a "$".
bool names_only_groups(std::string_view replacement) {
  for (std::size_t at = replacement.find('$'); at != std::string_view::npos; at = replacement.find('$', at)) {
    std::string_view rest = replacement.substr(at + 1);
    bool braced = rest.starts_with('{');
    std::string_view number = braced ? rest.substr(1) : rest;
    std::size_t digits = std::min(number.find_first_not_of("0123456789"), number.size());
    bool dollar = rest.starts_with('$');
    if (!dollar && (digits == 0 || (braced && !number.substr(digits).starts_with('}')))) return false;
    at += dollar ? 2 : 1;
  }
  return true;
}

Status read_substitutions(const json::Array& pairs, Conf& conf) {
  if (pairs.size() % 2 != 0) return fail(ErrorCode::kInvalid, "The length of regex_uri should be an even number");
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const std::string& replacement = pairs[i + 1].string();
    std::string where = "invalid regex_uri(" + pairs[i].string() + ", " + replacement + ")";
    auto pattern = Regex::compile(pairs[i].string());
    if (!pattern) return fail_at(where, std::move(pattern.error()));
    if (!names_only_groups(replacement)) {
      return fail(ErrorCode::kInvalid, where + ": invalid capturing variable name found, write $1 or ${1}");
    }
    conf.substitutions.push_back({std::move(*pattern), replacement});
  }
  return {};
}

Status read_headers(const json::Value& headers, HeaderEdits& edits) {
  bool structured = names_edits(headers);
  const json::Value* add = structured ? headers.find("add") : nullptr;
  const json::Value* set = structured ? headers.find("set") : &headers;
  const json::Value* remove = structured ? headers.find("remove") : nullptr;
  if (add) {
    for (const auto& [name, value] : add->object()) TRY_STATUS(edits.add(name, value));
  }
  if (set) {
    for (const auto& [name, value] : set->object()) TRY_STATUS(edits.set(name, value));
  }
  if (remove) {
    for (const json::Value& name : remove->array()) TRY_STATUS(edits.remove(name.string()));
  }
  return {};
}

Result<PluginPtr> make(const json::Value& written) {
  Conf conf;
  if (const json::Value* uri = written.find("uri")) conf.uri.emplace(uri->string());
  if (const json::Value* pairs = written.find("regex_uri")) TRY_STATUS(read_substitutions(pairs->array(), conf));
  if (const json::Value* headers = written.find("headers")) TRY_STATUS(read_headers(*headers, conf.headers));
  conf.method = written.string_or("method", "");
  conf.host = written.string_or("host", "");
  conf.uses_real_uri = written.boolean_or("use_real_request_uri_unsafe", false);
  return std::make_shared<const ProxyRewrite>(std::move(conf));
}

}  // namespace

NativeType make_proxy_rewrite_type() { return NativeType("proxy-rewrite", 1008, kSchema, make); }

}  // namespace sallyport::plugins::native
