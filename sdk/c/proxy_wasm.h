#ifndef PROXY_WASM_H
#define PROXY_WASM_H
// Proxy-Wasm ABI 0.2.1 for plugins in C11 and C++17: every host call, every callback, and helpers to use them with
// ease. It needs no library (clang --target=wasm32 -nostdlib) and gets along with wasi-libc.
//
// A plugin includes this header and defines the callbacks that it wants to hear of, with the types declared below: that
// exports them. A callback that is not defined is never called. The marker of the ABI's version, the allocator and
// `_initialize` are exported by the header itself; they are weak, so several source files may include it.
//
// A module is entered by one call at a time; nothing here is safe for threads. Sections in [brackets] are those of the
// ABI's text, https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
//
// Memory. What is given to the host stays the caller's: the host copies it during the call. What the host gives comes
// from proxy_on_memory_allocate and belongs to the plugin, which hands it to proxy_free. An empty value comes as a null
// pointer of size 0, and then there is nothing to free. Pointers named `return_...` are written only on
// PROXY_STATUS_OK.
//
// Results. Beside the codes named at each call: BAD_ARGUMENT for a number outside of its enumeration,
// INVALID_MEMORY_ACCESS for bytes outside of the memory or when the allocator gives none.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__wasi__) || defined(__EMSCRIPTEN__)
#include <stdlib.h>
#define PROXY_WASM_HAS_LIBC 1
#else
#define PROXY_WASM_HAS_LIBC 0
#endif

#ifdef __cplusplus
#define PROXY_WASM_U32 : uint32_t
extern "C" {
#else
#define PROXY_WASM_U32
#endif

// ---- Numbers of the ABI [Types] ----

typedef enum proxy_status_t PROXY_WASM_U32 {
  PROXY_STATUS_OK = 0,
  PROXY_STATUS_NOT_FOUND = 1,
  PROXY_STATUS_BAD_ARGUMENT = 2,
  PROXY_STATUS_SERIALIZATION_FAILURE = 3,
  PROXY_STATUS_PARSE_FAILURE = 4,
  PROXY_STATUS_BAD_EXPRESSION = 5,  // 5, 9 and 11 are of older versions; hosts may still give them
  PROXY_STATUS_INVALID_MEMORY_ACCESS = 6,
  PROXY_STATUS_EMPTY = 7,
  PROXY_STATUS_CAS_MISMATCH = 8,
  PROXY_STATUS_RESULT_MISMATCH = 9,
  PROXY_STATUS_INTERNAL_FAILURE = 10,
  PROXY_STATUS_BROKEN_CONNECTION = 11,
  PROXY_STATUS_UNIMPLEMENTED = 12
} proxy_status_t;

// What a callback of a stream returns. The ABI knows CONTINUE and PAUSE; the others are those of Envoy, which other
// hosts take as PAUSE or understand as well.
typedef enum proxy_action_t PROXY_WASM_U32 {
  PROXY_ACTION_CONTINUE = 0,
  PROXY_ACTION_PAUSE = 1,                     // until proxy_continue_stream, an answer, or (bodies) the next piece
  PROXY_HEADERS_CONTINUE_AND_END_STREAM = 2,  // headers: hosts treat it as CONTINUE
  PROXY_HEADERS_STOP_ALL_AND_BUFFER = 3,      // headers: hold body and trailers too, up to the host's limit
  PROXY_HEADERS_STOP_ALL_AND_WATERMARK = 4,   // headers: the same, the sender is slowed down at the limit
  PROXY_BODY_STOP_AND_WATERMARK = 2,          // bodies: hold, the sender is slowed down at the limit
  PROXY_BODY_STOP_NO_BUFFER = 3               // bodies: drop this piece
} proxy_action_t;

typedef enum proxy_log_level_t PROXY_WASM_U32 {
  PROXY_LOG_TRACE = 0,
  PROXY_LOG_DEBUG = 1,
  PROXY_LOG_INFO = 2,
  PROXY_LOG_WARN = 3,
  PROXY_LOG_ERROR = 4,
  PROXY_LOG_CRITICAL = 5
} proxy_log_level_t;

// Maps of fields, and where they can be read (r) and written (w) on every host.
typedef enum proxy_map_type_t PROXY_WASM_U32 {
  PROXY_MAP_HTTP_REQUEST_HEADERS = 0,         // rw on_request_headers and while it pauses; r on_log
  PROXY_MAP_HTTP_REQUEST_TRAILERS = 1,        // rw on_request_trailers; w the last on_request_body; r on_log
  PROXY_MAP_HTTP_RESPONSE_HEADERS = 2,        // rw on_response_headers and while it pauses; r on_log
  PROXY_MAP_HTTP_RESPONSE_TRAILERS = 3,       // rw on_response_trailers; w the last on_response_body; r on_log
  PROXY_MAP_GRPC_CALL_INITIAL_METADATA = 4,   // r on_grpc_receive_initial_metadata
  PROXY_MAP_GRPC_CALL_TRAILING_METADATA = 5,  // r on_grpc_receive_trailing_metadata
  PROXY_MAP_HTTP_CALL_RESPONSE_HEADERS = 6,   // r on_http_call_response
  PROXY_MAP_HTTP_CALL_RESPONSE_TRAILERS = 7   // r on_http_call_response
} proxy_map_type_t;

typedef enum proxy_buffer_type_t PROXY_WASM_U32 {
  PROXY_BUFFER_HTTP_REQUEST_BODY = 0,          // rw on_request_body and while it pauses
  PROXY_BUFFER_HTTP_RESPONSE_BODY = 1,         // rw on_response_body and while it pauses
  PROXY_BUFFER_DOWNSTREAM_DATA = 2,            // rw on_downstream_data
  PROXY_BUFFER_UPSTREAM_DATA = 3,              // rw on_upstream_data
  PROXY_BUFFER_HTTP_CALL_RESPONSE_BODY = 4,    // r on_http_call_response
  PROXY_BUFFER_GRPC_CALL_MESSAGE = 5,          // r on_grpc_receive
  PROXY_BUFFER_VM_CONFIGURATION = 6,           // r on_vm_start
  PROXY_BUFFER_PLUGIN_CONFIGURATION = 7,       // r on_configure
  PROXY_BUFFER_FOREIGN_FUNCTION_ARGUMENTS = 8  // r on_foreign_function
} proxy_buffer_type_t;

typedef enum proxy_stream_type_t PROXY_WASM_U32 {
  PROXY_STREAM_HTTP_REQUEST = 0,
  PROXY_STREAM_HTTP_RESPONSE = 1,
  PROXY_STREAM_DOWNSTREAM = 2,
  PROXY_STREAM_UPSTREAM = 3
} proxy_stream_type_t;

// Who closed a connection.
typedef enum proxy_peer_type_t PROXY_WASM_U32 {
  PROXY_PEER_UNKNOWN = 0,
  PROXY_PEER_LOCAL = 1,
  PROXY_PEER_REMOTE = 2
} proxy_peer_type_t;

typedef enum proxy_metric_type_t PROXY_WASM_U32 {
  PROXY_METRIC_COUNTER = 0,
  PROXY_METRIC_GAUGE = 1,
  PROXY_METRIC_HISTOGRAM = 2
} proxy_metric_type_t;

// Where they are passed the type is int32_t, since "none" is -1.
enum {
  PROXY_GRPC_NONE = -1,
  PROXY_GRPC_OK = 0,
  PROXY_GRPC_CANCELLED = 1,
  PROXY_GRPC_UNKNOWN = 2,
  PROXY_GRPC_INVALID_ARGUMENT = 3,
  PROXY_GRPC_DEADLINE_EXCEEDED = 4,
  PROXY_GRPC_NOT_FOUND = 5,
  PROXY_GRPC_ALREADY_EXISTS = 6,
  PROXY_GRPC_PERMISSION_DENIED = 7,
  PROXY_GRPC_RESOURCE_EXHAUSTED = 8,
  PROXY_GRPC_FAILED_PRECONDITION = 9,
  PROXY_GRPC_ABORTED = 10,
  PROXY_GRPC_OUT_OF_RANGE = 11,
  PROXY_GRPC_UNIMPLEMENTED = 12,
  PROXY_GRPC_INTERNAL = 13,
  PROXY_GRPC_UNAVAILABLE = 14,
  PROXY_GRPC_DATA_LOSS = 15,
  PROXY_GRPC_UNAUTHENTICATED = 16
};

// ---- Host calls. They work on the context of the running callback, or on the one that proxy_set_effective_context
// ---- chose. While the module starts (constructors) only proxy_log and the WASI functions may be called. ----

#define PROXY_HOSTCALL(name) __attribute__((import_module("env"), import_name(#name))) proxy_status_t name

// [Logging] The message has no line end of its own.
PROXY_HOSTCALL(proxy_log)(proxy_log_level_t level, const char* message, size_t message_size);
// The lowest level that the host writes, to spare the work for others.
PROXY_HOSTCALL(proxy_get_log_level)(proxy_log_level_t* return_level);

// [Clocks] Nanoseconds since 1970, UTC. Hosts may round it, or let it stand still during a callback.
PROXY_HOSTCALL(proxy_get_current_time_nanoseconds)(uint64_t* return_time);

// [Timers] proxy_on_tick of the plugin context from now on, every so many milliseconds; 0 ends it. Each VM (so each
// worker of the host) ticks for itself.
PROXY_HOSTCALL(proxy_set_tick_period_milliseconds)(uint32_t period);

// [Context lifecycle] After proxy_on_done returned false: the effective context may be deleted. NOT_FOUND: it was not
// waited for.
PROXY_HOSTCALL(proxy_done)(void);
// Later calls work on that context until the running callback ends. BAD_ARGUMENT: there is none of that number, or it
// has gone.
PROXY_HOSTCALL(proxy_set_effective_context)(uint32_t context);

// [Buffers] At most max_size bytes from `start` on; a start behind the end gives none. NOT_FOUND: not there now.
PROXY_HOSTCALL(proxy_get_buffer_bytes)
(proxy_buffer_type_t buffer, size_t start, size_t max_size, char** return_data, size_t* return_size);
// The size in bytes; the flags mean nothing. NOT_FOUND: not there now.
PROXY_HOSTCALL(proxy_get_buffer_status)(proxy_buffer_type_t buffer, size_t* return_size, uint32_t* return_flags);
// Replaces `size` bytes from `start` on: (0, 0) prepends, a start of SIZE_MAX appends, (0, SIZE_MAX) replaces all. Some
// hosts do nothing else than these three. A plugin that changes lengths removes `content-length` in the headers'
// callback first, for hosts that do not see to it. NOT_FOUND, BAD_ARGUMENT: it cannot be written now.
PROXY_HOSTCALL(proxy_set_buffer_bytes)
(proxy_buffer_type_t buffer, size_t start, size_t size, const char* data, size_t data_size);

// [HTTP fields] Names are lower case; `:method`, `:path`, `:authority`, `:scheme` and `:status` are fields, too.
// Serialized maps are made by proxy_pairs_write and read by proxy_pairs_read.
// BAD_ARGUMENT: the map cannot be read (written) now.
PROXY_HOSTCALL(proxy_get_header_map_size)(proxy_map_type_t map, size_t* return_size);  // in bytes
PROXY_HOSTCALL(proxy_get_header_map_pairs)(proxy_map_type_t map, char** return_data, size_t* return_size);
PROXY_HOSTCALL(proxy_set_header_map_pairs)(proxy_map_type_t map, const char* data, size_t size);  // replaces all
// The first value of that name. NOT_FOUND: there is none.
PROXY_HOSTCALL(proxy_get_header_map_value)
(proxy_map_type_t map, const char* key, size_t key_size, char** return_value, size_t* return_value_size);
PROXY_HOSTCALL(proxy_add_header_map_value)
(proxy_map_type_t map, const char* key, size_t key_size, const char* value, size_t value_size);
// All values of that name end, this one comes.
PROXY_HOSTCALL(proxy_replace_header_map_value)
(proxy_map_type_t map, const char* key, size_t key_size, const char* value, size_t value_size);
PROXY_HOSTCALL(proxy_remove_header_map_value)(proxy_map_type_t map, const char* key, size_t key_size);

// [Common HTTP and TCP stream operations] What is paused goes on when the running callback has returned.
// UNIMPLEMENTED: this kind of stream cannot be resumed (closed) here.
PROXY_HOSTCALL(proxy_continue_stream)(proxy_stream_type_t stream);
PROXY_HOSTCALL(proxy_close_stream)(proxy_stream_type_t stream);

// [HTTP streams] Answers the request in place of the upstream, when the running callback has returned (let it return
// PAUSE); the first answer counts. `details` is for logs; `headers` is a serialized map, which is added to the host's
// own. BAD_ARGUMENT: the map is malformed, or nothing can be answered here.
PROXY_HOSTCALL(proxy_send_local_response)
(uint32_t status, const char* details, size_t details_size, const char* body, size_t body_size, const char* headers,
 size_t headers_size, int32_t grpc_status);

// [HTTP calls] A request to an upstream by the name the host knows. Headers and trailers are serialized maps; the
// headers have `:method`, `:path` and `:authority`. The answer comes to proxy_on_http_call_response. BAD_ARGUMENT:
// upstream unknown or headers missing; INTERNAL_FAILURE: it cannot be sent. No callback follows on either.
PROXY_HOSTCALL(proxy_http_call)
(const char* upstream, size_t upstream_size, const char* headers, size_t headers_size, const char* body,
 size_t body_size, const char* trailers, size_t trailers_size, uint32_t timeout_milliseconds, uint32_t* return_call);
// In proxy_on_http_call_response and proxy_on_grpc_close: the status code and its message.
PROXY_HOSTCALL(proxy_get_status)(uint32_t* return_code, char** return_message, size_t* return_message_size);

// [gRPC calls] A call with one message and one answer. The metadata is a serialized map.
// PARSE_FAILURE: upstream unknown; INTERNAL_FAILURE: it cannot be sent.
PROXY_HOSTCALL(proxy_grpc_call)
(const char* upstream, size_t upstream_size, const char* service, size_t service_size, const char* method,
 size_t method_size, const char* metadata, size_t metadata_size, const char* message, size_t message_size,
 uint32_t timeout_milliseconds, uint32_t* return_call);
// A call with any number of messages in both directions; results as above.
PROXY_HOSTCALL(proxy_grpc_stream)
(const char* upstream, size_t upstream_size, const char* service, size_t service_size, const char* method,
 size_t method_size, const char* metadata, size_t metadata_size, uint32_t* return_stream);
// One message of a stream. BAD_ARGUMENT: it is no stream, or the plugin has ended its direction; NOT_FOUND: unknown
// number, or its end was told.
PROXY_HOSTCALL(proxy_grpc_send)(uint32_t stream, const char* message, size_t message_size, bool end_of_stream);
PROXY_HOSTCALL(proxy_grpc_cancel)(uint32_t call_or_stream);  // resets it; nothing is told
PROXY_HOSTCALL(proxy_grpc_close)(uint32_t call_or_stream);   // ends our direction of it

// [Shared Key-Value Store] Common to all VMs of one vm_id, so to all workers. NOT_FOUND: no such key.
PROXY_HOSTCALL(proxy_get_shared_data)
(const char* key, size_t key_size, char** return_value, size_t* return_value_size, uint32_t* return_cas);
// With the `cas` of a get: only if nobody has written since, else CAS_MISMATCH. 0 writes always. A missing key can be
// made only once with a `cas` that no get gave, say UINT32_MAX; but some hosts make keys with 0 alone.
// INTERNAL_FAILURE: the host's limit is reached.
PROXY_HOSTCALL(proxy_set_shared_data)
(const char* key, size_t key_size, const char* value, size_t value_size, uint32_t cas);

// [Shared Queues] Makes or finds the queue; proxy_on_queue_ready then comes to the context that registered last.
PROXY_HOSTCALL(proxy_register_shared_queue)(const char* name, size_t name_size, uint32_t* return_queue);
// The queue of another vm_id (empty: the own). NOT_FOUND: there is none.
PROXY_HOSTCALL(proxy_resolve_shared_queue)
(const char* vm_id, size_t vm_id_size, const char* name, size_t name_size, uint32_t* return_queue);
// NOT_FOUND: no such queue; INTERNAL_FAILURE: the host's limit is reached.
PROXY_HOSTCALL(proxy_enqueue_shared_queue)(uint32_t queue, const char* message, size_t message_size);
// EMPTY: no message (another worker may have been faster); NOT_FOUND: no such queue.
PROXY_HOSTCALL(proxy_dequeue_shared_queue)(uint32_t queue, char** return_message, size_t* return_message_size);

// [Metrics] The same type and name is the same metric. Values of all VMs add up.
PROXY_HOSTCALL(proxy_define_metric)
(proxy_metric_type_t type, const char* name, size_t name_size, uint32_t* return_metric);
// Counters by 1 or more, gauges by anything, else BAD_ARGUMENT. NOT_FOUND: unknown number. So for the next two.
PROXY_HOSTCALL(proxy_increment_metric)(uint32_t metric, int64_t offset);
PROXY_HOSTCALL(proxy_record_metric)(uint32_t metric, uint64_t value);       // sets, observes, adds: by its type
PROXY_HOSTCALL(proxy_get_metric)(uint32_t metric, uint64_t* return_value);  // BAD_ARGUMENT: histogram

// [Properties] The path's parts are divided by NUL: PROXY_TEXT("request\0headers\0x-id"). Numbers come as 8 bytes (see
// proxy_number_of), truth as one byte, maps serialized. Which there are depends on the host.
// NOT_FOUND: not there (now); SERIALIZATION_FAILURE: it cannot be put into bytes.
PROXY_HOSTCALL(proxy_get_property)
(const char* path, size_t path_size, char** return_value, size_t* return_value_size);
// NOT_FOUND, BAD_ARGUMENT: it cannot be set (here).
PROXY_HOSTCALL(proxy_set_property)(const char* path, size_t path_size, const char* value, size_t value_size);

// [Foreign function interface] A function of this host beyond the ABI. NOT_FOUND: it has no such function; other codes
// are the function's.
PROXY_HOSTCALL(proxy_call_foreign_function)
(const char* name, size_t name_size, const char* arguments, size_t arguments_size, char** return_results,
 size_t* return_results_size);

// The WASI functions that hosts have, beside some that only answer; code with a C library calls that instead.
typedef enum proxy_wasi_errno_t PROXY_WASM_U32 {
  PROXY_WASI_SUCCESS = 0,
  PROXY_WASI_BADF = 8,
  PROXY_WASI_FAULT = 21,
  PROXY_WASI_INVAL = 28,
  PROXY_WASI_NOTSUP = 58
} proxy_wasi_errno_t;

typedef enum proxy_wasi_fd_t PROXY_WASM_U32 {
  PROXY_WASI_STDOUT = 1,  // logged at INFO
  PROXY_WASI_STDERR = 2   // logged at ERROR
} proxy_wasi_fd_t;

typedef enum proxy_wasi_clock_t PROXY_WASM_U32 {
  PROXY_WASI_REALTIME = 0,  // since 1970, UTC
  PROXY_WASI_MONOTONIC = 1
} proxy_wasi_clock_t;

#define PROXY_WASI_CALL(name) \
  __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) proxy_wasi_errno_t proxy_wasi_##name

typedef struct proxy_wasi_text {
  const char* data;
  size_t size;
} proxy_wasi_text;

// [Logging] BADF: another descriptor.
PROXY_WASI_CALL(fd_write)(proxy_wasi_fd_t fd, const proxy_wasi_text* texts, size_t count, size_t* return_written);
// [Clocks] Nanoseconds; the precision means nothing. NOTSUP: another clock.
PROXY_WASI_CALL(clock_time_get)(proxy_wasi_clock_t clock, uint64_t precision, uint64_t* return_time);
// [Randomness] INVAL: more than the host gives at once (65536 bytes are safe).
PROXY_WASI_CALL(random_get)(void* buffer, size_t size);
// [Environment variables] Their number, and the bytes of all "NAME=value" with a NUL each, which environ_get writes.
PROXY_WASI_CALL(environ_sizes_get)(size_t* return_count, size_t* return_bytes);
PROXY_WASI_CALL(environ_get)(char** return_texts, char* return_bytes);

// ---- Callbacks: defining one exports it. `root` is a plugin context, `context` that of a stream or of a plugin. ----

#define PROXY_CALLBACK(result, name) __attribute__((export_name(#name))) result name

// [Context lifecycle] A new context; parent 0: that of a plugin with one configuration, else that of one stream.
PROXY_CALLBACK(void, proxy_on_context_create)(uint32_t context, uint32_t parent);
// The context's work is done. false: not yet, proxy_done will follow.
PROXY_CALLBACK(bool, proxy_on_done)(uint32_t context);
// For the log about a stream: all its headers can be read, none written.
PROXY_CALLBACK(void, proxy_on_log)(uint32_t context);
// The last word about a context: free what is kept for it.
PROXY_CALLBACK(void, proxy_on_delete)(uint32_t context);

// [Configuration] Sizes in bytes; the text is in the buffers VM_CONFIGURATION, PLUGIN_CONFIGURATION. false refuses: log
// the reason before.
PROXY_CALLBACK(bool, proxy_on_vm_start)(uint32_t root, size_t configuration_size);
PROXY_CALLBACK(bool, proxy_on_configure)(uint32_t root, size_t configuration_size);
// Not in the ABI's text, but called by several hosts before proxy_on_configure.
PROXY_CALLBACK(bool, proxy_validate_configuration)(uint32_t root, size_t configuration_size);

PROXY_CALLBACK(void, proxy_on_tick)(uint32_t root);  // [Timers]

// [HTTP streams] Counts are of fields, sizes in bytes: of what can be seen in the buffer now, which after PAUSE is
// everything since. PAUSE in headers holds body and trailers, too, unless the host is told otherwise.
PROXY_CALLBACK(proxy_action_t, proxy_on_request_headers)(uint32_t context, uint32_t count, bool end_of_stream);
PROXY_CALLBACK(proxy_action_t, proxy_on_request_body)(uint32_t context, size_t body_size, bool end_of_stream);
PROXY_CALLBACK(proxy_action_t, proxy_on_request_trailers)(uint32_t context, uint32_t count);
PROXY_CALLBACK(proxy_action_t, proxy_on_response_headers)(uint32_t context, uint32_t count, bool end_of_stream);
PROXY_CALLBACK(proxy_action_t, proxy_on_response_body)(uint32_t context, size_t body_size, bool end_of_stream);
PROXY_CALLBACK(proxy_action_t, proxy_on_response_trailers)(uint32_t context, uint32_t count);

// [TCP streams]
PROXY_CALLBACK(proxy_action_t, proxy_on_new_connection)(uint32_t context);
PROXY_CALLBACK(proxy_action_t, proxy_on_downstream_data)(uint32_t context, size_t data_size, bool end_of_stream);
PROXY_CALLBACK(proxy_action_t, proxy_on_upstream_data)(uint32_t context, size_t data_size, bool end_of_stream);
PROXY_CALLBACK(void, proxy_on_downstream_connection_close)(uint32_t context, proxy_peer_type_t closed_by);
PROXY_CALLBACK(void, proxy_on_upstream_connection_close)(uint32_t context, proxy_peer_type_t closed_by);

// [HTTP calls] An answer; no headers: the call failed. It runs in the plugin context: for what concerns a stream,
// proxy_set_effective_context comes first, which says BAD_ARGUMENT when the stream has gone.
PROXY_CALLBACK(void, proxy_on_http_call_response)
(uint32_t root, uint32_t call, uint32_t header_count, size_t body_size, uint32_t trailer_count);

// [gRPC calls] A single call hears on_grpc_receive on success, else on_grpc_close; a stream hears all.
PROXY_CALLBACK(void, proxy_on_grpc_receive_initial_metadata)(uint32_t root, uint32_t stream, uint32_t count);
PROXY_CALLBACK(void, proxy_on_grpc_receive)(uint32_t root, uint32_t call_or_stream, size_t message_size);
PROXY_CALLBACK(void, proxy_on_grpc_receive_trailing_metadata)(uint32_t root, uint32_t stream, uint32_t count);
PROXY_CALLBACK(void, proxy_on_grpc_close)(uint32_t root, uint32_t call_or_stream, int32_t grpc_status);

PROXY_CALLBACK(void, proxy_on_queue_ready)(uint32_t root, uint32_t queue);  // [Shared Queues] once a message
// [Foreign function interface]
PROXY_CALLBACK(void, proxy_on_foreign_function)(uint32_t context, uint32_t function, size_t arguments_size);

// [Integration], [Memory management] Defined below, weakly: a plugin may define its own in another source file.
PROXY_CALLBACK(void, proxy_abi_version_0_2_1)(void);
PROXY_CALLBACK(void*, proxy_on_memory_allocate)(size_t size);

// ---- Memory: malloc and free where there is a C library; else blocks of powers of two (16 bytes are the block's own)
// ---- with a list of the freed ones of each size: constant time, no search. ----

#define PROXY_WEAK __attribute__((weak))

#if PROXY_WASM_HAS_LIBC

// Null when there is no memory.
static inline void* proxy_allocate(size_t size) { return malloc(size); }
static inline void proxy_free(void* memory) { free(memory); }

#else

typedef struct proxy_block {
  unsigned order;  // its size is 2^order, with these 16 bytes
  struct proxy_block* next;
  uint64_t padding;
} proxy_block;

extern char __heap_base;  // of the linker: where its own data end
PROXY_WEAK uintptr_t proxy_heap_end;
PROXY_WEAK proxy_block* proxy_heap_free[32];

// New memory from the end of the heap; null when the host grants no more.
static inline proxy_block* proxy_heap_grow(size_t size) {
  if (proxy_heap_end == 0) proxy_heap_end = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  const size_t page = 65536;
  const size_t available = __builtin_wasm_memory_size(0) * page - proxy_heap_end;
  if (size > available && __builtin_wasm_memory_grow(0, (size - available + page - 1) / page) == SIZE_MAX) return NULL;
  proxy_block* block = (proxy_block*)proxy_heap_end;
  proxy_heap_end += size;
  return block;
}

// Null when there is no memory, or for more than 1 GiB. Aligned for every type.
static inline void* proxy_allocate(size_t size) {
  if (size > (size_t)1 << 30) return NULL;
  const size_t whole = size + sizeof(proxy_block);
  const unsigned order = whole <= 32 ? 5 : 32 - (unsigned)__builtin_clz((unsigned)(whole - 1));
  proxy_block* block = proxy_heap_free[order];
  if (block != NULL) {
    proxy_heap_free[order] = block->next;
  } else {
    block = proxy_heap_grow((size_t)1 << order);
    if (block == NULL) return NULL;
  }
  block->order = order;
  return block + 1;
}

// Null is fine.
static inline void proxy_free(void* memory) {
  if (memory == NULL) return;
  proxy_block* block = (proxy_block*)memory - 1;
  block->next = proxy_heap_free[block->order];
  proxy_heap_free[block->order] = block;
}

// What compilers call for copies and initial values, also without a library.
#define PROXY_LIBRARY(name) PROXY_WEAK __attribute__((no_builtin(name)))
PROXY_LIBRARY("memcpy") void* memcpy(void* to, const void* from, size_t size) {
  for (size_t i = 0; i < size; ++i) ((char*)to)[i] = ((const char*)from)[i];
  return to;
}
PROXY_LIBRARY("memmove") void* memmove(void* to, const void* from, size_t size) {
  if ((uintptr_t)to <= (uintptr_t)from) {
    for (size_t i = 0; i < size; ++i) ((char*)to)[i] = ((const char*)from)[i];
  } else {
    for (size_t i = size; i > 0; --i) ((char*)to)[i - 1] = ((const char*)from)[i - 1];
  }
  return to;
}
PROXY_LIBRARY("memset") void* memset(void* to, int byte, size_t size) {
  for (size_t i = 0; i < size; ++i) ((char*)to)[i] = (char)byte;
  return to;
}
PROXY_LIBRARY("memcmp") int memcmp(const void* a, const void* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const int difference = ((const unsigned char*)a)[i] - ((const unsigned char*)b)[i];
    if (difference != 0) return difference;
  }
  return 0;
}

void __wasm_call_ctors(void);
// [Integration] Runs the constructors of globals, once; with a C library that brings its own.
PROXY_WEAK __attribute__((export_name("_initialize"))) void proxy_wasm_initialize(void) { __wasm_call_ctors(); }

#endif  // PROXY_WASM_HAS_LIBC

PROXY_WEAK void proxy_abi_version_0_2_1(void) {}
PROXY_WEAK void* proxy_on_memory_allocate(size_t size) { return proxy_allocate(size); }

// For what the plugin cannot do without: no memory is a trap, which the host reports.
static inline void* proxy_allocate_or_trap(size_t size) {
  void* memory = proxy_allocate(size);
  if (memory == NULL) __builtin_trap();
  return memory;
}

// An arena: memory that is taken piece by piece and ends all at once. Start it with PROXY_ARENA_EMPTY.
typedef struct proxy_chunk {
  struct proxy_chunk* previous;
  size_t size;
} proxy_chunk;
typedef struct proxy_arena {
  proxy_chunk* chunk;
  size_t used;  // of the newest chunk
} proxy_arena;
#define PROXY_ARENA_EMPTY {NULL, 0}

// Never null (traps without memory), aligned to 16 bytes, not initialised.
static inline void* proxy_arena_take(proxy_arena* arena, size_t size) {
  const size_t head = 16;
  if (size > (size_t)1 << 29) __builtin_trap();
  size = (size + 15) & ~(size_t)15;
  if (arena->chunk == NULL || arena->chunk->size - arena->used < size) {
    const size_t wanted = size + head < 4096 ? 4096 - head : size + head;
    proxy_chunk* chunk = (proxy_chunk*)proxy_allocate_or_trap(wanted);
    chunk->previous = arena->chunk;
    chunk->size = wanted;
    arena->chunk = chunk;
    arena->used = head;
  }
  void* memory = (char*)arena->chunk + arena->used;
  arena->used += size;
  return memory;
}

// Everything taken from it ends. The arena is empty and can be used again.
static inline void proxy_arena_end(proxy_arena* arena) {
  while (arena->chunk != NULL) {
    proxy_chunk* chunk = arena->chunk;
    arena->chunk = chunk->previous;
    proxy_free(chunk);
  }
  arena->used = 0;
}

// ---- Text. A view borrows bytes; `proxy_bytes` owns them: proxy_bytes_free ends it. ----

typedef struct proxy_view {
  const char* data;
  size_t size;
} proxy_view;
typedef struct proxy_bytes {
  char* data;
  size_t size;
} proxy_bytes;

#ifdef __cplusplus
#define PROXY_TEXT(literal) (proxy_view{"" literal, sizeof(literal) - 1})
#else
#define PROXY_TEXT(literal) ((proxy_view){"" literal, sizeof(literal) - 1})
#endif
#define PROXY_BYTES_NONE {NULL, 0}

static inline proxy_view proxy_view_of(proxy_bytes bytes) {
  const proxy_view view = {bytes.data, bytes.size};
  return view;
}

static inline void proxy_bytes_free(proxy_bytes* bytes) {
  proxy_free(bytes->data);
  bytes->data = NULL;
  bytes->size = 0;
}

static inline bool proxy_equal(proxy_view a, proxy_view b) {
  size_t i = 0;
  while (i < a.size && i < b.size && a.data[i] == b.data[i]) ++i;
  return i == a.size && i == b.size;
}

// Decimal digits without sign or space; false for everything else and beyond 64 bits.
static inline bool proxy_parse_decimal(proxy_view digits, uint64_t* number) {
  *number = 0;
  for (size_t i = 0; i < digits.size; ++i) {
    const unsigned digit = (unsigned)digits.data[i] - '0';
    if (digit > 9 || *number > (UINT64_MAX - digit) / 10) return false;
    *number = 10 * *number + digit;
  }
  return digits.size > 0;
}

static inline proxy_view proxy_decimal(proxy_arena* arena, uint64_t number) {
  char* const text = (char*)proxy_arena_take(arena, 20);
  size_t first = 20;
  do text[--first] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  const proxy_view digits = {text + first, 20 - first};
  return digits;
}

// The parts one after the other.
static inline proxy_view proxy_join(proxy_arena* arena, const proxy_view* parts, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) size += parts[i].size;
  char* const text = (char*)proxy_arena_take(arena, size);
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < parts[i].size; ++j) text[at++] = parts[i].data[j];
  }
  const proxy_view joined = {text, size};
  return joined;
}

// ---- Serialized maps of fields [Serialization]: the count, the sizes of each name and value (32 bits, little-endian),
// ---- then each name and value with a NUL that is not counted. ----

typedef struct proxy_pair {
  proxy_view name;
  proxy_view value;
} proxy_pair;

static inline uint32_t proxy_read_u32(const char* at) {
  const unsigned char* const bytes = (const unsigned char*)at;
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline char* proxy_write_u32(char* at, size_t number) {
  for (int i = 0; i < 4; ++i) at[i] = (char)(number >> 8 * i & 0xff);
  return at + 4;
}

// An integer, time (nanoseconds since 1970) or duration (nanoseconds) as properties have them, 8 bytes; false for
// others.
static inline bool proxy_number_of(proxy_view value, uint64_t* number) {
  if (value.size != 8) return false;
  *number = proxy_read_u32(value.data) | (uint64_t)proxy_read_u32(value.data + 4) << 32;
  return true;
}

static inline char* proxy_write_text(char* at, proxy_view text) {
  for (size_t i = 0; i < text.size; ++i) *at++ = text.data[i];
  *at = '\0';
  return at + 1;
}

// The form in which hosts take maps.
static inline proxy_view proxy_pairs_write(proxy_arena* arena, const proxy_pair* pairs, size_t count) {
  size_t size = 4;
  for (size_t i = 0; i < count; ++i) size += 8 + pairs[i].name.size + 1 + pairs[i].value.size + 1;
  char* const start = (char*)proxy_arena_take(arena, size);
  char* at = proxy_write_u32(start, count);
  for (size_t i = 0; i < count; ++i) at = proxy_write_u32(proxy_write_u32(at, pairs[i].name.size), pairs[i].value.size);
  for (size_t i = 0; i < count; ++i) at = proxy_write_text(proxy_write_text(at, pairs[i].name), pairs[i].value);
  const proxy_view written = {start, size};
  return written;
}

typedef struct proxy_pairs {
  const char* sizes;
  const char* text;
  size_t text_size;
  uint32_t left;
} proxy_pairs;

// For `for (proxy_pair p; proxy_pairs_next(&pairs, &p);)`. The bytes must outlive what is read. Malformed: no (more)
// pairs.
static inline proxy_pairs proxy_pairs_read(proxy_view serialized) {
  proxy_pairs pairs = {NULL, NULL, 0, 0};
  if (serialized.size < 4) return pairs;
  const uint32_t count = proxy_read_u32(serialized.data);
  if (count > (serialized.size - 4) / 8) return pairs;
  pairs.sizes = serialized.data + 4;
  pairs.text = pairs.sizes + (size_t)8 * count;
  pairs.text_size = serialized.size - 4 - (size_t)8 * count;
  pairs.left = count;
  return pairs;
}

static inline bool proxy_pairs_text(proxy_pairs* pairs, proxy_view* text) {
  text->size = proxy_read_u32(pairs->sizes);
  text->data = pairs->text;
  if (text->size >= pairs->text_size) return false;
  pairs->sizes += 4;
  pairs->text += text->size + 1;
  pairs->text_size -= text->size + 1;
  return true;
}

static inline bool proxy_pairs_next(proxy_pairs* pairs, proxy_pair* pair) {
  if (pairs->left == 0) return false;
  const bool is_whole = proxy_pairs_text(pairs, &pair->name) && proxy_pairs_text(pairs, &pair->value);
  pairs->left = is_whole ? pairs->left - 1 : 0;
  return is_whole;
}

// ---- Host calls in views and bytes; results as above. What they write to is PROXY_BYTES_NONE when there is nothing.
// ----

static inline void proxy_say(proxy_log_level_t level, proxy_view message) {
  proxy_log(level, message.data, message.size);
}

static inline proxy_status_t proxy_read_field(proxy_map_type_t map, proxy_view name, proxy_bytes* value) {
  value->data = NULL, value->size = 0;
  return proxy_get_header_map_value(map, name.data, name.size, &value->data, &value->size);
}

// For proxy_pairs_read.
static inline proxy_status_t proxy_read_fields(proxy_map_type_t map, proxy_bytes* serialized) {
  serialized->data = NULL, serialized->size = 0;
  return proxy_get_header_map_pairs(map, &serialized->data, &serialized->size);
}

static inline proxy_status_t proxy_add_field(proxy_map_type_t map, proxy_view name, proxy_view value) {
  return proxy_add_header_map_value(map, name.data, name.size, value.data, value.size);
}

static inline proxy_status_t proxy_replace_field(proxy_map_type_t map, proxy_view name, proxy_view value) {
  return proxy_replace_header_map_value(map, name.data, name.size, value.data, value.size);
}

static inline proxy_status_t proxy_remove_field(proxy_map_type_t map, proxy_view name) {
  return proxy_remove_header_map_value(map, name.data, name.size);
}

// All of it.
static inline proxy_status_t proxy_read_buffer(proxy_buffer_type_t buffer, proxy_bytes* bytes) {
  const size_t longest = 0x7fffffff;
  bytes->data = NULL, bytes->size = 0;
  return proxy_get_buffer_bytes(buffer, 0, longest, &bytes->data, &bytes->size);
}

// All of it.
static inline proxy_status_t proxy_replace_buffer(proxy_buffer_type_t buffer, proxy_view bytes) {
  return proxy_set_buffer_bytes(buffer, 0, SIZE_MAX, bytes.data, bytes.size);
}

static inline proxy_status_t proxy_read_property(proxy_view path, proxy_bytes* value) {
  value->data = NULL, value->size = 0;
  return proxy_get_property(path.data, path.size, &value->data, &value->size);
}

// `headers` may be null when count is 0.
static inline proxy_status_t proxy_respond(uint32_t status, proxy_view body, const proxy_pair* headers, size_t count) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view map = proxy_pairs_write(&arena, headers, count);
  const proxy_status_t result =
      proxy_send_local_response(status, NULL, 0, body.data, body.size, map.data, map.size, PROXY_GRPC_NONE);
  proxy_arena_end(&arena);
  return result;
}

static inline proxy_status_t proxy_call(proxy_view upstream, const proxy_pair* headers, size_t count, proxy_view body,
                                        uint32_t timeout_milliseconds, uint32_t* return_call) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view map = proxy_pairs_write(&arena, headers, count);
  const proxy_view trailers = proxy_pairs_write(&arena, NULL, 0);
  const proxy_status_t result = proxy_http_call(upstream.data, upstream.size, map.data, map.size, body.data, body.size,
                                                trailers.data, trailers.size, timeout_milliseconds, return_call);
  proxy_arena_end(&arena);
  return result;
}

// The number is that of the call in proxy_on_grpc_receive and proxy_on_grpc_close. `metadata` may be null when count is
// 0.
static inline proxy_status_t proxy_call_grpc(proxy_view upstream, proxy_view service, proxy_view method,
                                             const proxy_pair* metadata, size_t count, proxy_view message,
                                             uint32_t timeout_milliseconds, uint32_t* return_call) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view map = proxy_pairs_write(&arena, metadata, count);
  const proxy_status_t result =
      proxy_grpc_call(upstream.data, upstream.size, service.data, service.size, method.data, method.size, map.data,
                      map.size, message.data, message.size, timeout_milliseconds, return_call);
  proxy_arena_end(&arena);
  return result;
}

// A deadline stands in the metadata: `grpc-timeout` with `500m`, say.
static inline proxy_status_t proxy_open_stream(proxy_view upstream, proxy_view service, proxy_view method,
                                               const proxy_pair* metadata, size_t count, uint32_t* return_stream) {
  proxy_arena arena = PROXY_ARENA_EMPTY;
  const proxy_view map = proxy_pairs_write(&arena, metadata, count);
  const proxy_status_t result = proxy_grpc_stream(upstream.data, upstream.size, service.data, service.size, method.data,
                                                  method.size, map.data, map.size, return_stream);
  proxy_arena_end(&arena);
  return result;
}

static inline proxy_status_t proxy_send_message(uint32_t stream, proxy_view message, bool end_of_stream) {
  return proxy_grpc_send(stream, message.data, message.size, end_of_stream);
}

// For a missing key, *cas is 0.
static inline proxy_status_t proxy_read_shared(proxy_view key, proxy_bytes* value, uint32_t* cas) {
  value->data = NULL, value->size = 0, *cas = 0;
  return proxy_get_shared_data(key.data, key.size, &value->data, &value->size, cas);
}

static inline proxy_status_t proxy_write_shared(proxy_view key, proxy_view value, uint32_t cas) {
  return proxy_set_shared_data(key.data, key.size, value.data, value.size, cas);
}

// ---- What the plugin keeps for a context: any pointer under the context's number. ----

typedef struct proxy_kept_entry {
  uint32_t context;
  void* what;
  struct proxy_kept_entry* next;
} proxy_kept_entry;

PROXY_WEAK proxy_kept_entry* proxy_kept_entries[256];

// Null when nothing is kept for it.
static inline void* proxy_kept(uint32_t context) {
  const proxy_kept_entry* entry = proxy_kept_entries[context % 256];
  while (entry != NULL && entry->context != context) entry = entry->next;
  return entry != NULL ? entry->what : NULL;
}

// Null forgets what was kept; the plugin frees it. Traps without memory.
static inline void proxy_keep(uint32_t context, void* what) {
  proxy_kept_entry** link = &proxy_kept_entries[context % 256];
  while (*link != NULL && (*link)->context != context) link = &(*link)->next;
  proxy_kept_entry* entry = *link;
  if (what == NULL) {
    if (entry != NULL) *link = entry->next;
    proxy_free(entry);
    return;
  }
  if (entry == NULL) {
    entry = (proxy_kept_entry*)proxy_allocate_or_trap(sizeof(proxy_kept_entry));
    entry->context = context;
    entry->next = NULL;
    *link = entry;
  }
  entry->what = what;
}

#ifdef __cplusplus
}
#endif

#endif  // PROXY_WASM_H
