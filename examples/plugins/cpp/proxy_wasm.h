#pragma once
// What a plugin needs to speak with its host: Proxy-Wasm ABI 0.2.1, without any library.
//
// A plugin derives from Plugin (one configuration) and from Exchange (one request and its response) and defines
// make_plugin(). The functions below hold what the examples use; a further host call is one more declaration under
// `host`, a further callback one more exported function. A callback that is not exported is not called.

#include "memory.h"

namespace proxy_wasm {

enum class Action : uint32_t { kContinue = 0, kPause = 1 };
enum class LogLevel : uint32_t { kTrace, kDebug, kInfo, kWarn, kError, kCritical };
enum class HeaderMap : uint32_t { kRequestHeaders = 0, kResponseHeaders = 2 };

// The raw host calls. A result of 0 is success; what the host hands out is allocated here and then ours.
namespace host {

#define PROXY_WASM_IMPORT(name) extern "C" __attribute__((import_module("env"), import_name(#name))) uint32_t name

PROXY_WASM_IMPORT(proxy_log)(LogLevel, const char* message, size_t size);
PROXY_WASM_IMPORT(proxy_get_buffer_bytes)(uint32_t buffer, size_t start, size_t limit, char** data, size_t* size);
PROXY_WASM_IMPORT(proxy_add_header_map_value)
(HeaderMap, const char* name, size_t name_size, const char* value, size_t value_size);
PROXY_WASM_IMPORT(proxy_get_header_map_value)
(HeaderMap, const char* name, size_t name_size, char** value, size_t* value_size);
PROXY_WASM_IMPORT(proxy_send_local_response)
(uint32_t status, const char* details, size_t details_size, const char* body, size_t body_size, const char* headers,
 size_t headers_size, int32_t grpc_status);

#undef PROXY_WASM_IMPORT

}  // namespace host

inline void log(LogLevel level, View message) { host::proxy_log(level, message.data, message.size); }

inline void add_header(HeaderMap map, View name, View value) {
  host::proxy_add_header_map_value(map, name.data, name.size, value.data, value.size);
}

// The first value of that name; empty where there is none.
inline Text header(HeaderMap map, View name) {
  char* value = nullptr;
  size_t size = 0;
  host::proxy_get_header_map_value(map, name.data, name.size, &value, &size);
  return Text::adopt(value, size);
}

// Answers the request instead of an upstream. The host does so when the running callback has returned.
inline void send_response(uint32_t status, View body) {
  constexpr char kNoHeaders[4] = {};  // A serialized map of no pairs is its count alone.
  constexpr int32_t kNoGrpcStatus = -1;
  host::proxy_send_local_response(status, nullptr, 0, body.data, body.size, kNoHeaders, sizeof kNoHeaders,
                                  kNoGrpcStatus);
}

// Everything the host knows by an id. Objects come from the plugin's heap.
class Context {
 public:
  virtual ~Context() = default;
  static void* operator new(size_t size) { return allocate_or_trap(size); }
  static void operator delete(void* memory) { heap.release(memory); }

 private:
  friend class Contexts;
  uint32_t id_ = 0;
  Context* next_ = nullptr;
};

// One request and its response.
class Exchange : public Context {
 public:
  virtual Action request_headers() { return Action::kContinue; }
  virtual Action response_headers() { return Action::kContinue; }
};

// One configuration; outlives its exchanges.
class Plugin : public Context {
 public:
  // False refuses the configuration; log the reason before.
  virtual bool configure(View configuration) = 0;
  // The caller owns the result.
  virtual Exchange* begin() = 0;
};

// Defined by each plugin: what a configuration is made into. The caller owns the result.
Plugin* make_plugin();

// The living contexts by id: a hash table of lists.
class Contexts {
 public:
  void add(uint32_t id, Context* context) {
    context->id_ = id;
    context->next_ = *slot(id);
    *slot(id) = context;
  }

  // Traps on an id that was never created: the host broke the ABI.
  Context* find(uint32_t id) {
    for (Context* context = *slot(id); context != nullptr; context = context->next_) {
      if (context->id_ == id) return context;
    }
    __builtin_trap();
  }

  void remove(uint32_t id) {
    Context* context = find(id);
    Context** link = slot(id);
    while (*link != context) link = &(*link)->next_;
    *link = context->next_;
    delete context;
  }

 private:
  static constexpr uint32_t kSlots = 256;
  Context** slot(uint32_t id) { return &slots_[id % kSlots]; }
  Context* slots_[kSlots] = {};
};

inline constinit Contexts contexts;

}  // namespace proxy_wasm

// What the host calls.
#define PROXY_WASM_EXPORT(name) extern "C" __attribute__((export_name(#name))) inline

extern "C" void __wasm_call_ctors();

// The pure virtual functions above refer to it; nothing calls it.
extern "C" inline void __cxa_pure_virtual() { __builtin_trap(); }

PROXY_WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}
PROXY_WASM_EXPORT(_initialize) void proxy_wasm_initialize() { __wasm_call_ctors(); }

PROXY_WASM_EXPORT(proxy_on_memory_allocate) void* proxy_on_memory_allocate(size_t size) {
  return proxy_wasm::heap.allocate(size);
}

PROXY_WASM_EXPORT(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t parent) {
  using namespace proxy_wasm;
  if (parent == 0) {
    contexts.add(id, make_plugin());
  } else {
    contexts.add(id, static_cast<Plugin*>(contexts.find(parent))->begin());
  }
}

PROXY_WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t id, size_t size) {
  using namespace proxy_wasm;
  constexpr uint32_t kPluginConfiguration = 7;
  char* data = nullptr;
  size_t found = 0;
  if (size > 0) host::proxy_get_buffer_bytes(kPluginConfiguration, 0, size, &data, &found);
  const Text configuration = Text::adopt(data, found);
  return static_cast<Plugin*>(contexts.find(id))->configure(configuration.view());
}

PROXY_WASM_EXPORT(proxy_on_request_headers)
proxy_wasm::Action proxy_on_request_headers(uint32_t id, uint32_t, uint32_t) {
  return static_cast<proxy_wasm::Exchange*>(proxy_wasm::contexts.find(id))->request_headers();
}

PROXY_WASM_EXPORT(proxy_on_response_headers)
proxy_wasm::Action proxy_on_response_headers(uint32_t id, uint32_t, uint32_t) {
  return static_cast<proxy_wasm::Exchange*>(proxy_wasm::contexts.find(id))->response_headers();
}

PROXY_WASM_EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t id) { proxy_wasm::contexts.remove(id); }

#undef PROXY_WASM_EXPORT
