#include "base/random.h"
#include "exchange/expression.h"
#include "exchange/template.h"
#include "http/field_name.h"
#include "json/parse.h"
#include "plugins/native/header_edits.h"
#include "plugins/native/native_type.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::plugins::native {
namespace {

using exchange::Expression;
using exchange::Template;

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "abort": {
      "type": "object",
      "properties": {
        "http_status": {"type": "integer", "minimum": 200},
        "body": {"type": "string", "minLength": 0},
        "headers": {
          "type": "object",
          "minProperties": 1,
          "patternProperties": {"^[^:]+$": {"oneOf": [{"type": "string"}, {"type": "number"}]}}
        },
        "percentage": {"type": "integer", "minimum": 0, "maximum": 100},
        "vars": {"type": "array", "maxItems": 20, "items": {"type": "array"}}
      },
      "required": ["http_status"]
    },
    "delay": {
      "type": "object",
      "properties": {
        "duration": {"type": "number", "minimum": 0},
        "percentage": {"type": "integer", "minimum": 0, "maximum": 100},
        "vars": {"type": "array", "maxItems": 20, "items": {"type": "array"}}
      },
      "required": ["duration"]
    }
  },
  "minProperties": 1
})";

// Which exchanges a fault hits: a share of them, and of these the ones that any of the expressions matches.
struct Sample {
  std::uint32_t percentage = 100;
  std::optional<std::vector<Expression>> vars;

  static Result<Sample> of(const json::Value& fault) {
    Sample sample;
    sample.percentage = static_cast<std::uint32_t>(fault.integer_or("percentage", 100));
    const json::Value* vars = fault.find("vars");
    if (!vars) return sample;
    sample.vars.emplace();
    for (const json::Value& written : vars->array()) {
      TRY(Expression expression, Expression::compile(written));
      sample.vars->push_back(std::move(expression));
    }
    return sample;
  }

  bool hits(const Exchange& exchange) const {
    auto matches = [&](const Expression& expression) { return expression.matches(exchange); };
    if (vars && std::ranges::none_of(*vars, matches)) return false;
    return percentage >= 100 || random_below(100) < percentage;
  }
};

struct Abort {
  Sample sample;
  int status = 200;
  Template body{""};
  std::vector<std::pair<std::string, Template>> headers;

  http::Response response(const Exchange& exchange) const {
    auto response = http::Response::text(status, std::string(body.render(exchange)));
    for (const auto& [name, value] : headers) {
      if (http::known_field(name) == http::FieldName::kContentType) response.headers.clear();
    }
    for (const auto& [name, value] : headers) {
      response.headers.emplace_back(name, as_field_value(value.render(exchange), exchange.arena));
    }
    return response;
  }
};

struct Delay {
  Sample sample;
  Milliseconds duration{0};
};

struct Conf {
  std::optional<Abort> abort;
  std::optional<Delay> delay;
};

class FaultInjectionFilter final : public Filter {
 public:
  explicit FaultInjectionFilter(const Conf& conf) : conf_(conf) {}

  Task<Verdict> rewrite(Exchange& exchange) override {
    bool aborts = conf_.abort && conf_.abort->sample.hits(exchange);
    if (conf_.delay && conf_.delay->sample.hits(exchange)) return end_after_delay(exchange, aborts);
    if (!aborts) return Verdict::proceed();
    return abort(exchange);
  }

 private:
  Task<Verdict> end_after_delay(Exchange& exchange, bool aborts) {
    exchange.delay_injected = true;
    co_await exchange.sleep(conf_.delay->duration);
    if (!aborts) co_return Verdict::proceed();
    co_return abort(exchange);
  }
  Verdict abort(Exchange& exchange) const {
    exchange.abort_injected = true;
    return Verdict::answer(conf_.abort->response(exchange));
  }

  const Conf& conf_;
};

class FaultInjection final : public Plugin {
 public:
  explicit FaultInjection(Conf conf) : conf_(std::move(conf)) {}
  PhaseSet phases() const override { return {Phase::kRewrite}; }
  Filter* make_filter(Exchange& exchange) const override { return &exchange.arena.make<FaultInjectionFilter>(conf_); }

 private:
  Conf conf_;
};

Result<Abort> read_abort(const json::Value& written) {
  Abort abort;
  TRY(abort.sample, Sample::of(written));
  std::int64_t status = written.integer_or("http_status", 200);
  if (status > 599) return fail(ErrorCode::kInvalid, "abort.http_status is over 599, which is no status of HTTP");
  abort.status = static_cast<int>(status);
  abort.body = Template(written.string_or("body", ""));
  const json::Value* headers = written.find("headers");
  if (!headers) return abort;
  for (const auto& [name, value] : headers->object()) {
    if (!http::is_field_name(name)) {
      return fail(ErrorCode::kInvalid, "abort.headers: \"" + name + "\" cannot name a header");
    }
    abort.headers.emplace_back(name, Template(value.is_string() ? value.string() : json::print(value)));
  }
  return abort;
}

Result<Delay> read_delay(const json::Value& written) {
  constexpr double kLongestSeconds = 1e6;
  Delay delay;
  TRY(delay.sample, Sample::of(written));
  double seconds = std::min(written.number_or("duration", 0), kLongestSeconds);
  delay.duration = std::chrono::ceil<Milliseconds>(std::chrono::duration<double>(seconds));
  return delay;
}

Result<PluginPtr> make(const json::Value& written) {
  Conf conf;
  if (const json::Value* abort = written.find("abort")) {
    TRY(conf.abort, read_abort(*abort));
  }
  if (const json::Value* delay = written.find("delay")) {
    TRY(conf.delay, read_delay(*delay));
  }
  return std::make_shared<const FaultInjection>(std::move(conf));
}

}  // namespace

NativeType make_fault_injection_type() { return NativeType("fault-injection", 11000, kSchema, make); }

}  // namespace sallyport::plugins::native
