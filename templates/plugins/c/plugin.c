// Answers 401 unless x-team is one of the words of the configuration, "red,blue".
#include "proxy_wasm.h"
#include "rules.h"

static proxy_bytes configuration;

bool proxy_on_configure(uint32_t root, size_t size) {
  (void)root;
  if (size == 0) {
    proxy_say(PROXY_LOG_ERROR, PROXY_TEXT("configuration refused: it must be a list, \"red,blue\""));
    return false;
  }
  proxy_bytes_free(&configuration);
  return proxy_read_buffer(PROXY_BUFFER_PLUGIN_CONFIGURATION, &configuration) == PROXY_STATUS_OK;
}

proxy_action_t proxy_on_request_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)context, (void)count, (void)end_of_stream;
  proxy_bytes team;
  const bool is_there =
      proxy_read_field(PROXY_MAP_HTTP_REQUEST_HEADERS, PROXY_TEXT("x-team"), &team) == PROXY_STATUS_OK;
  const bool passes = is_there && is_listed(configuration.data, configuration.size, team.data, team.size);
  proxy_bytes_free(&team);
  if (passes) return PROXY_ACTION_CONTINUE;
  proxy_say(PROXY_LOG_INFO, PROXY_TEXT("refused: x-team is missing or wrong"));
  const proxy_pair headers[] = {{PROXY_TEXT("content-type"), PROXY_TEXT("text/plain")}};
  proxy_respond(401, PROXY_TEXT("who are you?\n"), headers, 1);
  return PROXY_ACTION_PAUSE;
}
