// Answers every request itself, with a fixed status and body.
//
// Configuration (JSON, both keys optional): {"body": "hello world", "http_status": 200}

#include "json.h"
#include "proxy_wasm.h"

namespace {

using proxy_wasm::Action;
using proxy_wasm::JsonReader;
using proxy_wasm::JsonValue;
using proxy_wasm::Text;
using proxy_wasm::View;

struct Settings {
  uint32_t http_status = 200;
  Text body;
};

class FaultyExchange final : public proxy_wasm::Exchange {
 public:
  explicit FaultyExchange(const Settings& settings) : settings_(settings) {}

  Action request_headers() override {
    proxy_wasm::send_response(settings_.http_status, settings_.body.view());
    return Action::kPause;
  }

 private:
  const Settings& settings_;
};

class FaultInjection final : public proxy_wasm::Plugin {
 public:
  bool configure(View configuration) override {
    Settings settings;
    Text problem;
    if (!parse(configuration, settings, problem)) {
      proxy_wasm::log(proxy_wasm::LogLevel::kError, Text("configuration refused: ").append(problem.view()).view());
      return false;
    }
    settings_ = static_cast<Settings&&>(settings);
    return true;
  }

  proxy_wasm::Exchange* begin() override { return new FaultyExchange(settings_); }

 private:
  static bool parse(View configuration, Settings& settings, Text& problem) {
    JsonReader reader(configuration);
    if (reader.is_blank()) return true;
    const bool is_json = reader.read_object([&](View name, JsonValue&& value) {
      if (name == "http_status") take_status(value, settings, problem);
      if (name == "body") take_body(value, settings, problem);
    });
    if (is_json) return problem.view().size == 0;
    problem = Text("the configuration is not a JSON object: ");
    problem.append(reader.error()).append(" at offset ").append_decimal(reader.offset());
    return false;
  }

  static void take_status(const JsonValue& value, Settings& settings, Text& problem) {
    settings.http_status = value.whole_number_or(0);
    if (settings.http_status >= 200 && settings.http_status <= 599) return;
    const bool is_string = value.kind == JsonValue::Kind::kString;
    problem = Text("http_status must be a whole number from 200 to 599, not ");
    problem.append(is_string ? View("a string") : value.text.view());
  }

  static void take_body(JsonValue& value, Settings& settings, Text& problem) {
    if (value.kind != JsonValue::Kind::kString) {
      problem = Text("body must be a string, not ");
      problem.append(value.text.view());
    }
    settings.body = static_cast<Text&&>(value.text);
  }

  Settings settings_;
};

}  // namespace

proxy_wasm::Plugin* proxy_wasm::make_plugin() { return new FaultInjection; }
