#pragma once
// What a Tracer is told of a guest at work: every entry from outside, every host call within, how long each took.

#include "plugins/wasm/engine.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::wasm {

// Time is CPU time of the thread, without what the tracing itself takes.
struct TraceTimes {
  std::chrono::nanoseconds guest{0};
  std::chrono::nanoseconds host{0};  // in host calls
};

struct TracedHostCall {
  std::string_view name;
  std::string arguments;  // "request_headers, \"x-a\""
  std::string result;     // "0 ok", "1 not found", "trap"; empty where there is none
  std::string given;      // what it gave the guest beside the result; empty: nothing
  bool succeeded = true;
  std::chrono::nanoseconds time{0};
};

// What a guest says in words of its own, instead of a TracedHostCall.
struct TracedLine {
  std::string level;  // "info"; "stdout" and "stderr" of what it printed
  std::string text;
};

struct TracedReturn {
  std::string result;  // "0 continue"; empty where there is none
  bool trapped = false;
  TraceTimes times;
};

// `instance` counts the instances that an engine has made, from 1. Called on the thread of that instance.
class Tracer {
 public:
  virtual ~Tracer() = default;
  // "proxy_on_request_headers", "context=2, headers=4, end_of_stream=1"
  virtual void entered(std::uint64_t instance, std::string_view function, std::string arguments) = 0;
  virtual void called(std::uint64_t instance, TracedHostCall call) = 0;
  virtual void said(std::uint64_t instance, TracedLine line) = 0;
  virtual void returned(std::uint64_t instance, TracedReturn returned) = 0;
};

}  // namespace sallyport::wasm
