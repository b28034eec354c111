#pragma once
// What happened while a plugin was tried, in its order: what its guest did, and what the gateway logged meanwhile.
// Belongs to one thread.

#include "base/log.h"
#include "plugins/wasm/trace.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::app {

struct TraceEvent {
  enum class Kind : std::uint8_t {
    kStage,     // what follows: "start", "request"
    kEntered,   // `name` with `text` as arguments
    kCalled,    // a host call: `name`, `text`, `result`, `given`
    kSaid,      // the plugin: `name` is the level
    kLogged,    // the gateway: `name` is the level
    kReturned,  // from the last kEntered: `result`, `times`
  };
  Kind kind = Kind::kStage;
  std::uint64_t instance = 0;
  std::string name;
  std::string text = {};
  std::string result = {};
  std::string given = {};
  bool succeeded = true;
  wasm::TraceTimes times = {};
};

class TraceRecord final : public wasm::Tracer {
 public:
  using Listener = std::function<void(const TraceEvent& event)>;

  // Until `begin` nothing is told; afterwards events are told as they come.
  explicit TraceRecord(Listener listener) : listener_(std::move(listener)) {}

  void stage(std::string name);
  // A line of the gateway's log. What the plugin has said itself is there already.
  void logged(log::Level level, std::string_view line);
  // Tells what there was of the newest instance, and forgets the others: the gateway tries a conf in instances that it
  // throws away before it makes the one that serves.
  void begin();

  const std::vector<TraceEvent>& events() const noexcept { return events_; }
  bool has_trapped() const noexcept { return trapped_; }
  const std::vector<std::string>& errors() const noexcept { return errors_; }  // of the gateway's log

  void entered(std::uint64_t instance, std::string_view function, std::string arguments) override;
  void called(std::uint64_t instance, wasm::TracedHostCall call) override;
  void said(std::uint64_t instance, wasm::TracedLine line) override;
  void returned(std::uint64_t instance, wasm::TracedReturn returned) override;

 private:
  void add(TraceEvent event);
  void end_print();
  bool was_said(std::string_view line) const;

  Listener listener_;
  std::vector<TraceEvent> events_;
  bool begun_ = false;
  std::uint64_t newest_ = 0;
  std::vector<std::string> said_;  // as lines of the log have it
  TraceEvent printed_;             // to standard output or error, up to where a line has ended
  bool trapped_ = false;
  std::vector<std::string> errors_;
};

}  // namespace sallyport::app
