// Speaks to test.Echo of the upstream `echo` about each request, over a gRPC stream of the method that its
// configuration names, and answers with what it was told. The path says what it sends: /LETTERS each letter as a
// message, at once; /talk/LETTERS the next one when the one before has come back; /large twenty messages of 100,000
// bytes; /quiet nothing. /later opens a stream that the next request cancels; /soon gives a stream 50 ms.
#include "proxy_wasm.h"

typedef struct conversation {
  uint32_t context, stream;
  char letters[64];
  size_t count, sent;
  char told[2048];
  size_t told_size;
  size_t bytes;
  bool is_large;
} conversation;

static uint32_t later;
static conversation* of_stream[4096];

static void tell(conversation* one, proxy_view text) {
  for (size_t i = 0; i < text.size && one->told_size < sizeof one->told; ++i)
    one->told[one->told_size++] = text.data[i];
}

static void tell_number(conversation* one, uint64_t number) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  tell(one, proxy_decimal(&arena, number));
  proxy_arena_end(&arena);
}

static void send_next(conversation* one) {
  const proxy_view letter = {one->letters + one->sent, 1};
  const bool is_last = ++one->sent == one->count;
  if (proxy_send_message(one->stream, letter, is_last) != PROXY_STATUS_OK) tell(one, PROXY_TEXT("(not sent)"));
}

static void send_large(conversation* one) {
  const size_t size = 100000;
  char* const bytes = (char*)proxy_allocate_or_trap(size);
  memset(bytes, 'x', size);
  const proxy_view message = {bytes, size};
  for (int i = 0; i < 20; ++i) {
    if (proxy_send_message(one->stream, message, i == 19) != PROXY_STATUS_OK) tell(one, PROXY_TEXT("(not sent)"));
  }
  proxy_free(bytes);
}

static bool begins(proxy_view text, proxy_view with) {
  const proxy_view start = {text.data, with.size};
  return text.size >= with.size && proxy_equal(start, with);
}

static bool open_stream(uint32_t* stream, bool has_deadline) {
  const proxy_pair metadata[] = {{PROXY_TEXT("x-asks"), PROXY_TEXT("plugin")},
                                 {PROXY_TEXT("grpc-timeout"), PROXY_TEXT("50m")}};
  proxy_bytes method = PROXY_BYTES_NONE;
  proxy_read_buffer(PROXY_BUFFER_PLUGIN_CONFIGURATION, &method);
  const proxy_status_t opened = proxy_open_stream(PROXY_TEXT("echo"), PROXY_TEXT("test.Echo"), proxy_view_of(method),
                                                  metadata, has_deadline ? 2 : 1, stream);
  proxy_bytes_free(&method);
  return opened == PROXY_STATUS_OK;
}

proxy_action_t proxy_on_request_headers(uint32_t context, uint32_t count, bool end_of_stream) {
  (void)count, (void)end_of_stream;
  proxy_bytes path = PROXY_BYTES_NONE;
  proxy_read_field(PROXY_MAP_HTTP_REQUEST_HEADERS, PROXY_TEXT(":path"), &path);
  proxy_view what = {path.data + 1, path.size - 1};
  if (later != 0) {
    const bool is_over =
        proxy_grpc_cancel(later) == PROXY_STATUS_OK && proxy_grpc_cancel(later) == PROXY_STATUS_NOT_FOUND;
    later = 0;
    proxy_respond(is_over ? 200 : 500, PROXY_TEXT("cancelled"), NULL, 0);
    return PROXY_ACTION_PAUSE;
  }
  if (proxy_equal(what, PROXY_TEXT("later"))) {
    const bool is_open =
        open_stream(&later, false) && proxy_send_message(later, PROXY_TEXT("x"), true) == PROXY_STATUS_OK;
    proxy_respond(is_open ? 200 : 500, PROXY_TEXT("opened"), NULL, 0);
    return PROXY_ACTION_PAUSE;
  }
  conversation* const one = (conversation*)proxy_allocate_or_trap(sizeof *one);
  memset(one, 0, sizeof *one);
  one->context = context;
  if (!open_stream(&one->stream, proxy_equal(what, PROXY_TEXT("soon")))) return PROXY_ACTION_CONTINUE;
  of_stream[one->stream % 4096] = one;
  one->is_large = proxy_equal(what, PROXY_TEXT("large"));
  const bool talks = begins(what, PROXY_TEXT("talk/"));
  if (talks) what.data += 5, what.size -= 5;
  if (one->is_large) {
    send_large(one);
  } else if (proxy_equal(what, PROXY_TEXT("quiet"))) {
    proxy_grpc_close(one->stream);
  } else {
    one->count = what.size < sizeof one->letters ? what.size : sizeof one->letters;
    for (size_t i = 0; i < one->count; ++i) one->letters[i] = what.data[i];
    do send_next(one);
    while (!talks && one->sent < one->count);
  }
  proxy_bytes_free(&path);
  return PROXY_ACTION_PAUSE;
}

void proxy_on_grpc_receive_initial_metadata(uint32_t root, uint32_t stream, uint32_t count) {
  (void)root, (void)count;
  proxy_bytes first = PROXY_BYTES_NONE;
  proxy_read_field(PROXY_MAP_GRPC_CALL_INITIAL_METADATA, PROXY_TEXT("x-first"), &first);
  tell(of_stream[stream % 4096], PROXY_TEXT("first="));
  tell(of_stream[stream % 4096], proxy_view_of(first));
  proxy_bytes_free(&first);
}

void proxy_on_grpc_receive(uint32_t root, uint32_t stream, size_t size) {
  (void)root;
  conversation* const one = of_stream[stream % 4096];
  proxy_bytes message = PROXY_BYTES_NONE;
  proxy_read_buffer(PROXY_BUFFER_GRPC_CALL_MESSAGE, &message);
  one->bytes += message.size == size ? size : 0;
  if (!one->is_large) {
    tell(one, PROXY_TEXT(" "));
    tell(one, proxy_view_of(message));
  }
  proxy_bytes_free(&message);
  if (one->sent < one->count) send_next(one);
}

void proxy_on_grpc_receive_trailing_metadata(uint32_t root, uint32_t stream, uint32_t count) {
  (void)root, (void)count;
  proxy_bytes last = PROXY_BYTES_NONE;
  proxy_read_field(PROXY_MAP_GRPC_CALL_TRAILING_METADATA, PROXY_TEXT("x-last"), &last);
  tell(of_stream[stream % 4096], PROXY_TEXT(" last="));
  tell(of_stream[stream % 4096], proxy_view_of(last));
  proxy_bytes_free(&last);
}

void proxy_on_grpc_close(uint32_t root, uint32_t stream, int32_t grpc_status) {
  (void)root;
  conversation* const one = of_stream[stream % 4096];
  of_stream[stream % 4096] = NULL;
  uint32_t code = 0;
  proxy_bytes message = PROXY_BYTES_NONE;
  proxy_get_status(&code, &message.data, &message.size);
  tell(one, PROXY_TEXT(" bytes="));
  tell_number(one, one->bytes);
  tell(one, PROXY_TEXT(" status="));
  tell_number(one, code == (uint32_t)grpc_status ? code : 999);
  tell(one, PROXY_TEXT(" "));
  tell(one, proxy_view_of(message));
  if (proxy_set_effective_context(one->context) == PROXY_STATUS_OK) {
    const proxy_view told = {one->told, one->told_size};
    proxy_respond(200, told, NULL, 0);
  }
  proxy_bytes_free(&message);
  proxy_free(one);
}
