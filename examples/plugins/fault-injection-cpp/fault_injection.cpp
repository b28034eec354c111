// Answers every request itself, with a fixed status and body.
//
// Configuration (JSON, both keys optional): {"body": "hello world", "http_status": 200}

#include "json.h"

namespace {

using proxy_wasm::JsonReader;
using proxy_wasm::JsonValue;
using proxy_wasm::Text;
using proxy_wasm::View;

struct Settings {
  uint32_t http_status = 200;
  Text body;
};

class FaultInjection final {
 public:
  explicit FaultInjection(uint32_t root) : root_(root) {}
  static void* operator new(size_t size) { return proxy_allocate_or_trap(size); }
  static void operator delete(void* memory) { proxy_free(memory); }

  bool is_of(uint32_t context) const { return root_ == context; }

  void answer() const { proxy_respond(settings_.http_status, settings_.body.view(), nullptr, 0); }

  // False refuses the configuration.
  bool configure(View configuration) {
    Settings settings;
    Text problem;
    if (!parse(configuration, settings, problem)) {
      proxy_say(PROXY_LOG_ERROR, Text("configuration refused: ").append(problem.view()).view());
      return false;
    }
    settings_ = static_cast<Settings&&>(settings);
    return true;
  }

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

  const uint32_t root_;
  Settings settings_;
};

FaultInjection* plugin_of(uint32_t context) { return static_cast<FaultInjection*>(proxy_kept(context)); }

}  // namespace

// An exchange keeps the plugin that it belongs to.
void proxy_on_context_create(uint32_t context, uint32_t parent) {
  proxy_keep(context, parent == 0 ? new FaultInjection(context) : plugin_of(parent));
}

bool proxy_on_configure(uint32_t root, size_t) {
  proxy_bytes given = PROXY_BYTES_NONE;
  proxy_read_buffer(PROXY_BUFFER_PLUGIN_CONFIGURATION, &given);
  const Text configuration = Text::adopt(given);
  return plugin_of(root)->configure(configuration.view());
}

proxy_action_t proxy_on_request_headers(uint32_t context, uint32_t, bool) {
  plugin_of(context)->answer();
  return PROXY_ACTION_PAUSE;
}

void proxy_on_delete(uint32_t context) {
  FaultInjection* const plugin = plugin_of(context);
  proxy_keep(context, nullptr);
  if (plugin->is_of(context)) delete plugin;
}
