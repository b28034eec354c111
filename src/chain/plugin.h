#pragma once
// The contract of plugins of every kind (native, Lua, external runner, Wasm): three nouns, one per lifetime.
//   PluginType  lives as long as the process; immutable after start.
//   Plugin      one conf inside one snapshot; immutable, shared by all workers.
//   Filter      one exchange on one worker.

#include "async/task.h"
#include "base/result.h"
#include "chain/body_stage.h"
#include "chain/phase.h"
#include "chain/verdict.h"
#include "exchange/exchange.h"
#include "json/schema.h"
#include "json/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::chain {

using async::Task;
using exchange::Exchange;

// One plugin at work on one exchange. Phases that its Plugin::phases() does not name are never called.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual Task<Verdict> rewrite(Exchange&) { return Verdict::proceed(); }
  virtual Task<Verdict> access(Exchange&) { return Verdict::proceed(); }
  virtual Task<Verdict> before_proxy(Exchange&) { return Verdict::proceed(); }
  virtual Task<Verdict> request_body(Exchange&, BodyStage&) { return Verdict::proceed(); }
  virtual Task<Verdict> request_trailers(Exchange&) { return Verdict::proceed(); }
  virtual Task<Verdict> response_headers(Exchange&) { return Verdict::proceed(); }
  virtual Task<Verdict> response_body(Exchange&, BodyStage&) { return Verdict::proceed(); }
  virtual Task<Verdict> response_trailers(Exchange&) { return Verdict::proceed(); }
  // Nobody waits for it but the log line: what takes time sets the exchange's `log_waits`, and goes on in
  // `rest_of_log`.
  virtual void log(const Exchange&) noexcept {}
  virtual Task<void> rest_of_log(const Exchange&) { return {}; }
};

// One conf of a plugin.
class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual PhaseSet phases() const = 0;
  // Made in the arena of the exchange, which ends it; null: nothing to do for this exchange.
  virtual Filter* make_filter(Exchange& exchange) const = 0;
  // Whether body stages may change the length of a body, so that no Content-Length is promised.
  virtual bool edits_request_body() const { return false; }
  virtual bool edits_response_body() const { return false; }
};

using PluginPtr = std::shared_ptr<const Plugin>;

// Where a conf stands, for state that is kept per place and for messages.
struct Place {
  std::string resource;                 // "routes/1"
  const Plugin* predecessor = nullptr;  // the Plugin of the same name and place in the last snapshot, or null
};

// A Plugin with its name and its rank inside its resource; higher priority runs first.
struct PluginInstance {
  std::string name;
  int priority = 0;
  PluginPtr plugin;
};

// What becomes of a plugin of a global rule where the route has one of the same name (enabled, of its own or
// inherited): both run, or the route's alone.
enum class RunPolicy : std::uint8_t { kBoth, kPreferRoute };

class PluginType {
 public:
  virtual ~PluginType() = default;
  virtual std::string_view name() const = 0;
  virtual int priority() const = 0;
  virtual RunPolicy run_policy() const { return RunPolicy::kBoth; }
  // Of the conf, without `_meta`, which the Catalog adds.
  virtual const json::Schema& schema() const = 0;

  // `conf` has passed the schema and has its defaults. Runs on the control thread; may wait (compilation, a canary).
  // Error: kInvalid with the reason, shown to whoever wrote the conf.
  virtual Task<Result<PluginPtr>> configure(const json::Value& conf, const Place& place) const = 0;

  // For a type whose one conf stands for several plugins; by default one, of this type's name and priority.
  virtual Task<Result<std::vector<PluginInstance>>> instances(const json::Value& conf, const Place& place) const;
};

}  // namespace sallyport::chain
