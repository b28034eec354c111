#include "http/field_name.h"
#include "plugins/native/identifiers.h"
#include "plugins/native/native_type.h"

#include <fmt/format.h>

#include <string>

namespace sallyport::plugins::native {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "header_name": {"type": "string", "default": "X-Request-Id"},
    "include_in_response": {"type": "boolean", "default": true},
    "algorithm": {
      "type": "string",
      "enum": ["uuid", "nanoid", "range_id", "ksuid", "uuidv7"],
      "default": "uuid"
    },
    "range_id": {
      "type": "object",
      "properties": {
        "length": {"type": "integer", "minimum": 6, "default": 16},
        "char_set": {
          "type": "string",
          "minLength": 6,
          "default": "abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789"
        }
      },
      "default": {
        "length": 16,
        "char_set": "abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789"
      }
    }
  }
})";

constexpr std::int64_t kLongestId = 1024;

struct Conf {
  std::string header_name;
  bool include_in_response = true;
  std::string algorithm;
  std::size_t length = 0;
  std::string char_set;

  std::string make_id(WallTime now) const {
    if (algorithm == "nanoid") return make_nanoid();
    if (algorithm == "ksuid") return make_ksuid(now);
    if (algorithm == "uuidv7") return make_uuid_v7(now);
    if (algorithm == "range_id") return make_from_alphabet(char_set, length);
    return make_uuid();
  }
};

class RequestIdFilter final : public Filter {
 public:
  explicit RequestIdFilter(const Conf& conf) : conf_(conf) {}

  Task<Verdict> rewrite(Exchange& exchange) override {
    id_ = exchange.request.headers.get(conf_.header_name).value_or("");
    if (id_.empty()) {
      id_ = exchange.arena.copy(conf_.make_id(exchange.clock.wall()));
      exchange.request.headers.set_view(conf_.header_name, id_);
    }
    exchange.set_request_id(id_);
    return Verdict::proceed();
  }

  Task<Verdict> response_headers(Exchange& exchange) override {
    if (conf_.include_in_response && exchange.response.headers.get(conf_.header_name).value_or("").empty()) {
      exchange.response.headers.set_view(conf_.header_name, id_);
    }
    return Verdict::proceed();
  }

 private:
  const Conf& conf_;
  std::string_view id_;
};

class RequestId final : public Plugin {
 public:
  explicit RequestId(Conf conf) : conf_(std::move(conf)) {}
  PhaseSet phases() const override { return {Phase::kRewrite, Phase::kResponseHeaders}; }
  Filter* make_filter(Exchange& exchange) const override { return &exchange.arena.make<RequestIdFilter>(conf_); }

 private:
  Conf conf_;
};

Result<PluginPtr> make(const json::Value& written) {
  Conf conf;
  conf.header_name = written.string_or("header_name", "");
  conf.include_in_response = written.boolean_or("include_in_response", true);
  conf.algorithm = written.string_or("algorithm", "");
  const json::Value& range = *written.find("range_id");
  conf.char_set = range.string_or("char_set", "");
  std::int64_t length = range.integer_or("length", 0);
  if (length > kLongestId) {
    return fail(ErrorCode::kInvalid, fmt::format("range_id.length is {}; give at most {}", length, kLongestId));
  }
  conf.length = static_cast<std::size_t>(length);
  if (!http::is_field_name(conf.header_name)) {
    return fail(ErrorCode::kInvalid, fmt::format("header_name \"{}\" cannot name a header", conf.header_name));
  }
  if (!http::is_field_value(conf.char_set)) {
    return fail(ErrorCode::kInvalid, "range_id.char_set has control characters, which no header may carry");
  }
  return std::make_shared<const RequestId>(std::move(conf));
}

}  // namespace

NativeType make_request_id_type() { return NativeType("request-id", 12015, kSchema, make); }

}  // namespace sallyport::plugins::native
