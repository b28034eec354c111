// Answers 413 to requests whose body is longer than the limit, at once where `content-length` tells it, else as soon as
// so much has come. Refusals are counted in the shared data; at each tick one worker reports those since the last
// report.

#include "proxy_wasm.h"
#include "settings.h"

typedef struct exchange {
  const settings* limit;
  uint64_t received;  // bytes of the body
  bool is_refused;
} exchange;

static const proxy_map_type_t kRequest = PROXY_MAP_HTTP_REQUEST_HEADERS;

// Settings for a plugin context, an exchange for a stream.
void proxy_on_context_create(uint32_t context, uint32_t parent) {
  if (parent == 0) {
    proxy_keep(context, proxy_allocate_or_trap(sizeof(settings)));
    return;
  }
  exchange* const made = proxy_allocate_or_trap(sizeof(exchange));
  *made = (exchange){proxy_kept(parent), 0, false};
  proxy_keep(context, made);
}

void proxy_on_delete(uint32_t context) {
  void* const kept = proxy_kept(context);
  proxy_keep(context, NULL);
  proxy_free(kept);
}

bool proxy_on_configure(uint32_t root, size_t size) {
  (void)size;
  settings* const limit = proxy_kept(root);
  proxy_bytes text = PROXY_BYTES_NONE;
  proxy_view problem = PROXY_TEXT("");
  proxy_read_buffer(PROXY_BUFFER_PLUGIN_CONFIGURATION, &text);
  const bool is_good = settings_read(proxy_view_of(text), limit, &problem);
  proxy_bytes_free(&text);
  if (is_good) {
    proxy_set_tick_period_milliseconds((uint32_t)limit->seconds * 1000);
    return true;
  }
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view line[] = {PROXY_TEXT("configuration refused: "), problem};
  proxy_say(PROXY_LOG_ERROR, proxy_join(&arena, line, 2));
  proxy_arena_end(&arena);
  return false;
}

// The number of refusals that nobody has reported yet, and the `cas` to write another one.
static uint64_t refusals(uint32_t* cas) {
  proxy_bytes text = PROXY_BYTES_NONE;
  uint64_t count = 0;
  proxy_read_shared(PROXY_TEXT("refused"), &text, cas);
  proxy_parse_decimal(proxy_view_of(text), &count);
  proxy_bytes_free(&text);
  return count;
}

static proxy_status_t write_refusals(uint64_t count, uint32_t cas) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_status_t status = proxy_write_shared(PROXY_TEXT("refused"), proxy_decimal(&arena, count), cas);
  proxy_arena_end(&arena);
  return status;
}

// Where the key is missing, a `cas` that nobody was given writes only if it still is. A host that does not know this
// says so, and is asked to write in any case.
static void count_refusal(void) {
  const uint32_t nobodys = UINT32_MAX;
  proxy_status_t status = PROXY_STATUS_OK;
  uint32_t if_missing = nobodys;
  do {
    uint32_t cas = 0;
    const uint64_t count = refusals(&cas);
    status = write_refusals(count + 1, cas != 0 ? cas : if_missing);
    if (cas == 0) if_missing = 0;
  } while (status == PROXY_STATUS_CAS_MISMATCH);
}

static proxy_action_t refuse(exchange* refused) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view body[] = {PROXY_TEXT("the body is longer than "), proxy_decimal(&arena, refused->limit->bytes),
                             PROXY_TEXT(" bytes\n")};
  const proxy_pair type = {PROXY_TEXT("content-type"), PROXY_TEXT("text/plain")};
  proxy_respond(413, proxy_join(&arena, body, 3), &type, 1);
  proxy_arena_end(&arena);
  refused->is_refused = true;
  count_refusal();
  return PROXY_ACTION_PAUSE;
}

proxy_action_t proxy_on_request_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)count;
  exchange* const current = proxy_kept(context);
  if (end_of_stream) return PROXY_ACTION_CONTINUE;
  proxy_bytes length = PROXY_BYTES_NONE;
  uint64_t announced = 0;
  proxy_read_field(kRequest, PROXY_TEXT("content-length"), &length);
  proxy_parse_decimal(proxy_view_of(length), &announced);
  proxy_bytes_free(&length);
  return announced > current->limit->bytes ? refuse(current) : PROXY_ACTION_CONTINUE;
}

proxy_action_t proxy_on_request_body(uint32_t context, size_t size, bool end_of_stream) {
  (void)end_of_stream;
  exchange* const current = proxy_kept(context);
  if (current->is_refused) return PROXY_ACTION_PAUSE;
  current->received += size;
  return current->received > current->limit->bytes ? refuse(current) : PROXY_ACTION_CONTINUE;
}

// Workers tick at the same time: whoever sets the number back to 0 reports it.
void proxy_on_tick(uint32_t root) {
  (void)root;
  uint32_t cas = 0;
  const uint64_t count = refusals(&cas);
  if (count == 0 || write_refusals(0, cas) != PROXY_STATUS_OK) return;
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view line[] = {PROXY_TEXT("bodies that were too long: "), proxy_decimal(&arena, count)};
  proxy_say(PROXY_LOG_WARN, proxy_join(&arena, line, 2));
  proxy_arena_end(&arena);
}
