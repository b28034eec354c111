#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "exchange/expression.h"
#include "plugins/native/body_filters.h"
#include "plugins/native/gzip_text.h"
#include "plugins/native/header_edits.h"
#include "plugins/native/native_type.h"

#include <algorithm>
#include <optional>
#include <string>

namespace sallyport::plugins::native {
namespace {

using chain::BodyStage;

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "max_resp_body_size": {
      "description": "bytes of a body that filters see; what is beyond is cut off",
      "type": "integer", "minimum": 1, "default": 67108864
    },
    "headers": {
      "description": "edits of the response's fields",
      "anyOf": [
        {
          "type": "object",
          "minProperties": 1,
          "patternProperties": {"^[^:]+$": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
        },
        {
          "type": "object",
          "properties": {
            "add": {
              "type": "array", "minItems": 1,
              "items": {"type": "string", "pattern": "^[^:]+:[^:]*[^/]$"}
            },
            "set": {
              "type": "object",
              "minProperties": 1,
              "patternProperties": {"^[^:]+$": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
            },
            "remove": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[^:]+$"}}
          }
        }
      ]
    },
    "body": {"description": "replaces the body", "type": "string"},
    "body_base64": {"description": "whether body is in base64", "type": "boolean", "default": false},
    "status_code": {"description": "replaces the status", "type": "integer", "minimum": 200, "maximum": 598},
    "vars": {"type": "array"},
    "filters": {
      "description": "replacements in the body, one after another",
      "type": "array",
      "minItems": 1,
      "items": {
        "type": "object",
        "required": ["regex", "replace"],
        "properties": {
          "regex": {"type": "string", "minLength": 1},
          "scope": {"type": "string", "enum": ["once", "global"], "default": "once"},
          "replace": {"type": "string"},
          "options": {"type": "string", "default": "jo"}
        }
      }
    }
  },
  "dependencies": {
    "body": {"not": {"required": ["filters"]}},
    "filters": {"not": {"required": ["body"]}}
  }
})";

struct Conf {
  exchange::Expression vars;
  int status = 0;  // 0: stays
  HeaderEdits headers;
  std::optional<std::string> body;
  BodyFilters filters;
  std::size_t body_limit = 0;

  bool edits_body() const noexcept { return body.has_value() || !filters.empty(); }
};

class ResponseRewriteFilter final : public Filter {
 public:
  explicit ResponseRewriteFilter(const Conf& conf) : conf_(conf) {}

  Task<Verdict> response_headers(Exchange& exchange) override {
    if (!conf_.vars.matches(exchange)) return Verdict::proceed();
    http::ResponseHead& head = exchange.response;
    if (conf_.status != 0) {
      head.status = conf_.status;
      head.reason = {};
    }
    if (conf_.edits_body() && can_read(head)) {
      edits_ = true;
      forget_old_body(head);
    }
    conf_.headers.apply(head.headers, exchange);
    return Verdict::proceed();
  }

  Task<Verdict> response_body(Exchange&, BodyStage& stage) override {
    if (!edits_) return Verdict::proceed();
    if (conf_.body) {
      replace_body(stage);
      return Verdict::proceed();
    }
    return filter_body(stage);
  }

 private:
  // A body that is replaced need not be read; filters need one that is plain or gzip.
  bool can_read(const http::ResponseHead& head) {
    if (conf_.body) return true;
    std::string_view coding = trim(head.headers.get("content-encoding").value_or(""));
    is_gzip_ = equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip");
    if (is_gzip_ || coding.empty() || equals_ignoring_case(coding, "identity")) return true;
    log::warn("response-rewrite: filters cannot read a body in the coding \"{}\"; it passes unchanged", coding);
    return false;
  }

  // What described the body that arrives is not true of the one that leaves.
  static void forget_old_body(http::ResponseHead& head) {
    for (std::string_view name : {"content-encoding", "etag", "last-modified"}) head.headers.remove(name);
    head.announced_length.reset();
  }

  void replace_body(BodyStage& stage) {
    if (done_) return stage.drop();
    done_ = true;
    stage.replace(*conf_.body);
  }

  // Holds the body, up to the limit of the conf rather than the chain's, and lets it go at once when it is complete.
  Verdict filter_body(BodyStage& stage) {
    if (done_) {
      stage.drop();
      return Verdict::proceed();
    }
    std::string& held = stage.held();
    held.append(stage.arrived().substr(0, conf_.body_limit - held.size()));
    done_ = stage.is_last() || held.size() == conf_.body_limit;
    if (!done_) {
      stage.drop();
      return Verdict::proceed();
    }
    if (is_gzip_ && !held.empty()) {
      auto plain = decode_gzip(held, conf_.body_limit);
      if (!plain) return Verdict::failed(std::move(plain.error()));
      held = std::move(*plain);
    }
    stage.replace(conf_.filters.apply(std::move(held)));
    return Verdict::proceed();
  }

  const Conf& conf_;
  bool edits_ = false;
  bool is_gzip_ = false;
  bool done_ = false;
};

class ResponseRewrite final : public Plugin {
 public:
  explicit ResponseRewrite(Conf conf) : conf_(std::move(conf)) {}
  PhaseSet phases() const override {
    if (conf_.edits_body()) return {Phase::kResponseHeaders, Phase::kResponseBody};
    return {Phase::kResponseHeaders};
  }
  Filter* make_filter(Exchange& exchange) const override { return &exchange.arena.make<ResponseRewriteFilter>(conf_); }
  bool edits_response_body() const override { return conf_.edits_body(); }

 private:
  Conf conf_;
};

// "Name: value"
Status add_line(const std::string& line, HeaderEdits& edits) {
  std::string_view text = line;
  std::size_t colon = text.find(':');
  return edits.add(trim(text.substr(0, colon)), json::Value(trim(text.substr(colon + 1))));
}

Status read_headers(const json::Value& headers, HeaderEdits& edits) {
  bool structured = names_edits(headers);
  const json::Value* add = structured ? headers.find("add") : nullptr;
  const json::Value* set = structured ? headers.find("set") : &headers;
  const json::Value* remove = structured ? headers.find("remove") : nullptr;
  if (add) {
    for (const json::Value& line : add->array()) TRY_STATUS(add_line(line.string(), edits));
  }
  if (set) {
    for (const auto& [name, value] : set->object()) {
      if (!value.is_string() && !value.is_number()) return fail(ErrorCode::kInvalid, "invalid type as header value");
      TRY_STATUS(edits.set(name, value));
    }
  }
  if (remove) {
    for (const json::Value& name : remove->array()) TRY_STATUS(edits.remove(name.string()));
  }
  return {};
}

Status read_body(const json::Value& written, Conf& conf) {
  const json::Value* body = written.find("body");
  if (body) conf.body = body->string();
  if (!written.boolean_or("body_base64", false)) return {};
  auto decoded = base64_decode(conf.body.value_or(""));
  if (!decoded || decoded->empty()) return fail(ErrorCode::kInvalid, "invalid base64 content");
  conf.body = std::move(*decoded);
  return {};
}

Result<PluginPtr> make(const json::Value& written) {
  Conf conf;
  conf.status = static_cast<int>(written.integer_or("status_code", 0));
  conf.body_limit = static_cast<std::size_t>(written.integer_or("max_resp_body_size", 0));
  if (const json::Value* headers = written.find("headers")) TRY_STATUS(read_headers(*headers, conf.headers));
  TRY_STATUS(read_body(written, conf));
  if (const json::Value* vars = written.find("vars")) {
    auto compiled = exchange::Expression::compile(*vars);
    if (!compiled) {
      return fail(ErrorCode::kInvalid, "failed to validate the 'vars' expression: " + compiled.error().what);
    }
    conf.vars = std::move(*compiled);
  }
  if (const json::Value* filters = written.find("filters")) {
    TRY(conf.filters, BodyFilters::of(*filters));
  }
  return std::make_shared<const ResponseRewrite>(std::move(conf));
}

}  // namespace

NativeType make_response_rewrite_type() { return NativeType("response-rewrite", 899, kSchema, make); }

}  // namespace sallyport::plugins::native
