// Answers 401 unless x-team is one of the words of the configuration, "red,blue".
#include "proxy_wasm.h"
#include "rules.h"

namespace {

// Bytes that the host gave, freed at the end of their scope.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { proxy_bytes_free(&bytes_); }

  proxy_bytes* out() { return &bytes_; }
  Text text() const { return {bytes_.data, bytes_.size}; }

 private:
  proxy_bytes bytes_{};
};

// The one configuration; where several routes have one each, `proxy_keep` keeps one for each.
proxy_bytes configuration;

bool is_from_a_known_team() {
  Bytes team;
  const auto status = proxy_read_field(PROXY_MAP_HTTP_REQUEST_HEADERS, PROXY_TEXT("x-team"), team.out());
  return status == PROXY_STATUS_OK && is_listed({configuration.data, configuration.size}, team.text());
}

}  // namespace

bool proxy_on_configure(uint32_t, size_t size) {
  if (size == 0) {
    proxy_say(PROXY_LOG_ERROR, PROXY_TEXT("configuration refused: it must be a list, \"red,blue\""));
    return false;
  }
  proxy_bytes_free(&configuration);
  return proxy_read_buffer(PROXY_BUFFER_PLUGIN_CONFIGURATION, &configuration) == PROXY_STATUS_OK;
}

proxy_action_t proxy_on_request_headers(uint32_t, uint32_t, bool) {
  if (is_from_a_known_team()) return PROXY_ACTION_CONTINUE;
  proxy_say(PROXY_LOG_INFO, PROXY_TEXT("refused: x-team is missing or wrong"));
  const proxy_pair headers[] = {{PROXY_TEXT("content-type"), PROXY_TEXT("text/plain")}};
  proxy_respond(401, PROXY_TEXT("who are you?\n"), headers, 1);
  return PROXY_ACTION_PAUSE;
}
