#pragma once
// A Chain is the compiled order of plugins of one route: one list per phase, global rules first, then by priority.
// A ChainRun is a Chain at work on one exchange. A Chain is immutable and shared; a ChainRun belongs to its exchange.

#include "async/event.h"
#include "async/task.h"
#include "base/result.h"
#include "chain/plugin.h"
#include "exchange/expression.h"
#include "http/message.h"
#include "json/value.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::chain {

// One plugin in its place in a chain.
struct Link {
  std::string name;
  std::string reason;  // "plugin:<name>", for the log
  int priority = 0;
  PluginPtr plugin;
  std::shared_ptr<const exchange::Expression> filter;  // `_meta.filter`; null: always
  std::optional<std::string> error_response;           // `_meta.error_response`: the body of its answers from 400 on
  bool error_response_is_json = false;
  RunPolicy run_policy = RunPolicy::kBoth;
};

class Chain {
 public:
  Chain() = default;
  // `links` in their order of running.
  explicit Chain(std::vector<Link> links);
  // Global rules before the plugins of the route, without those that give way to one of the route.
  Chain(const std::vector<Link>& global, const std::vector<Link>& route);

  const std::vector<Link>& links() const noexcept { return links_; }
  const std::vector<std::uint16_t>& at(Phase phase) const noexcept {
    return by_phase_[static_cast<std::size_t>(phase)];
  }
  bool has(Phase phase) const noexcept { return !at(phase).empty(); }
  bool edits_request_body() const noexcept { return edits_request_body_; }
  bool edits_response_body() const noexcept { return edits_response_body_; }

 private:
  std::vector<Link> links_;
  std::array<std::vector<std::uint16_t>, kPhases> by_phase_;
  bool edits_request_body_ = false;
  bool edits_response_body_ = false;
};

using ChainPtr = std::shared_ptr<const Chain>;

struct BodyLimits {
  std::size_t request = 1 << 20;   // what one filter may hold; beyond: 413
  std::size_t response = 1 << 20;  // beyond: 500
};

class ChainRun {
 public:
  ChainRun(const Chain& chain, Exchange& exchange, BodyLimits limits);
  ChainRun(const ChainRun&) = delete;
  ChainRun& operator=(const ChainRun&) = delete;

  // kRewrite, kAccess, kBeforeProxy, kResponseHeaders, or kRequestTrailers and kResponseTrailers where the exchange has
  // such trailers, after the last piece: every filter of the phase in order, until one does not proceed. An answer
  // already carries its `_meta.error_response`; the exchange's `reason` is set. An answer of a response phase replaces
  // the response: `run` is then called again for the same phase and goes on behind the filter that answered; a second
  // answer wins nothing. In response phases and the log, filters that would have seen the head of the request but never
  // did are skipped.
  Task<Verdict> run(Phase phase);

  // A piece of a body through the stages of kRequestBody or kResponseBody. `passed` receives what comes out at the end,
  // valid until the next call. The last piece runs every stage even if nothing is left of it.
  Task<Verdict> run_body(Phase phase, http::Chunk arrived, http::Chunk& passed);

  // Whether a filter holds some of the body of that phase.
  bool holds(Phase phase) const noexcept;
  // Set as soon as a filter goes on with what it holds. `run_resumed` is then called, before the next piece, until it
  // is not set any more: as `run_body`, for one filter that was resumed and those behind it.
  async::Event& resumed(Phase phase) noexcept {
    return phase == Phase::kRequestBody ? request_resumed_ : response_resumed_;
  }
  Task<Verdict> run_resumed(Phase phase, http::Chunk& passed);

  // Gives the answer for the plugin that failed the body that its `_meta.error_response` says, if it says one.
  void word_failure(http::Response& answer) const;

  // Every filter that takes part in the log, in order; once.
  void log() noexcept;
  // After `log`, where the exchange's `log_waits` is set: until all of them have done with it. Never fails.
  Task<void> rest_of_log();

  const Chain& chain() const noexcept { return chain_; }

 private:
  struct Slot;  // the filter of one link, made on first use

  // `at` counts within the phase.
  Task<Verdict> run_from(Phase phase, std::size_t at);
  Task<Verdict> run_waiting(Phase phase, std::size_t at, Task<Verdict> waiting);
  Task<Verdict> run_body_from(Phase phase, std::size_t at, http::Chunk arrived, http::Chunk& passed);
  Task<Verdict> run_body_waiting(Phase phase, std::size_t at, Task<Verdict> waiting, bool is_last, http::Chunk& passed);
  Filter* enter(std::uint16_t link, Phase phase);
  BodyStage& stage(std::uint16_t link, Phase phase);
  const BodyStage* find_stage(std::uint16_t link, Phase phase) const noexcept;  // null: its filter has seen nothing
  bool is_resumed(std::uint16_t link, Phase phase) const noexcept;
  void name_reason(const Link& link, const http::Response* response);
  bool settle(Phase phase, std::uint16_t link, Verdict& verdict);
  void refuse_overflow(Phase phase, std::uint16_t link, Verdict& verdict);

  const Chain& chain_;
  Exchange& exchange_;
  BodyLimits limits_;
  async::Event request_resumed_;
  async::Event response_resumed_;
  Slot* slots_ = nullptr;
  std::size_t response_headers_done_ = 0;  // filters of that phase that have run
  bool response_answered_ = false;
  const Link* failed_ = nullptr;
};

class Catalog;

// The links of one resource's `plugins` object: configures each, reads `_meta`, sorts by priority, keeps the written
// order where it is equal. Plugins with `_meta.disable` are left out. `resource` is "routes/1"; the plugins find those
// of `predecessor` by their names. Error: kInvalid, as Catalog::check words it.
Task<Result<std::vector<Link>>> compile_links(const Catalog& catalog, const json::Object& plugins, std::string resource,
                                              const Chain* predecessor);

}  // namespace sallyport::chain
