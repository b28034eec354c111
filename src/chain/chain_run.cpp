#include "base/log.h"
#include "chain/chain.h"

#include <algorithm>
#include <exception>
#include <new>

namespace sallyport::chain {
namespace {

// Filters of these see the head of the request before anything answers it.
constexpr PhaseSet kHeadPhases{Phase::kRewrite, Phase::kAccess, Phase::kBeforeProxy};

constexpr bool is_response_phase(Phase phase) {
  return phase == Phase::kResponseHeaders || phase == Phase::kResponseBody || phase == Phase::kResponseTrailers;
}

Task<Verdict> call(Filter& filter, Phase phase, Exchange& exchange) {
  switch (phase) {
    case Phase::kRewrite:
      return filter.rewrite(exchange);
    case Phase::kAccess:
      return filter.access(exchange);
    case Phase::kBeforeProxy:
      return filter.before_proxy(exchange);
    case Phase::kRequestTrailers:
      return filter.request_trailers(exchange);
    case Phase::kResponseHeaders:
      return filter.response_headers(exchange);
    case Phase::kResponseTrailers:
      return filter.response_trailers(exchange);
    case Phase::kRequestBody:
    case Phase::kResponseBody:
    case Phase::kLog:
      break;
  }
  return Verdict::failed(Error{ErrorCode::kInternal, "a chain cannot run this phase without a body"});
}

Task<Verdict> call(Filter& filter, Phase phase, Exchange& exchange, BodyStage& stage) {
  return phase == Phase::kRequestBody ? filter.request_body(exchange, stage) : filter.response_body(exchange, stage);
}

// Only where an exception is being handled.
Verdict failed_by_exception(const Link& link) {
  std::string what = "plugin " + link.name + " threw ";
  try {
    throw;
  } catch (const std::exception& thrown) {
    what += thrown.what();
  } catch (...) {
    what += "something that is no std::exception";
  }
  return Verdict::failed(Error{ErrorCode::kPlugin, std::move(what)});
}

void log_exception(const Link& link) {
  const Verdict failure = failed_by_exception(link);
  log::error("{}", failure.error()->what);
}

// What a plugin says of itself begins with its name.
std::string told(const Link& link, const Error& error) {
  const std::string named = "plugin " + link.name;
  const bool is_named = error.what.starts_with(named + ":") || error.what.starts_with(named + " ");
  return is_named ? error.what : link.reason + ": " + error.what;
}

void set_content_type(http::Response& response, std::string_view type) {
  for (auto& [name, value] : response.headers) {
    if (http::known_field(name) == http::FieldName::kContentType) {
      value = type;
      return;
    }
  }
  response.headers.emplace_back("Content-Type", type);
}

void apply_error_response(const Link& link, http::Response& response) {
  if (!link.error_response || response.status < 400) return;
  response.body = *link.error_response;
  set_content_type(response, link.error_response_is_json ? "application/json" : "text/plain; charset=utf-8");
}

}  // namespace

struct ChainRun::Slot {
  enum class State : std::uint8_t { kNew, kTakesPart, kSkipped };
  State state = State::kNew;
  bool saw_head = false;
  Filter* filter = nullptr;
  BodyStage* request_body = nullptr;
  BodyStage* response_body = nullptr;
};

ChainRun::ChainRun(const Chain& chain, Exchange& exchange, BodyLimits limits)
    : chain_(chain), exchange_(exchange), limits_(limits) {
  std::size_t count = chain.links().size();
  if (count == 0) return;
  slots_ = static_cast<Slot*>(exchange.arena.allocate(count * sizeof(Slot)));
  for (std::size_t i = 0; i < count; ++i) new (&slots_[i]) Slot();
}

// The filter of that link if it takes part in `phase` of this exchange, else null.
Filter* ChainRun::enter(std::uint16_t at, Phase phase) {
  Slot& slot = slots_[at];
  const Link& link = chain_.links()[at];
  if (phase <= Phase::kBeforeProxy) {
    slot.saw_head = true;
  } else if ((is_response_phase(phase) || phase == Phase::kLog) && !slot.saw_head &&
             link.plugin->phases().has_any_of(kHeadPhases)) {
    return nullptr;
  }
  if (slot.state == Slot::State::kNew) {
    slot.state = Slot::State::kSkipped;
    if (link.filter && !link.filter->matches(exchange_)) return nullptr;
    slot.filter = link.plugin->make_filter(exchange_);
    if (slot.filter) slot.state = Slot::State::kTakesPart;
  }
  return slot.filter;
}

BodyStage& ChainRun::stage(std::uint16_t at, Phase phase) {
  bool is_request = phase == Phase::kRequestBody;
  BodyStage*& stage = is_request ? slots_[at].request_body : slots_[at].response_body;
  if (!stage) {
    stage = &exchange_.arena.make<BodyStage>(is_request ? limits_.request : limits_.response, &resumed(phase));
  }
  return *stage;
}

const BodyStage* ChainRun::find_stage(std::uint16_t at, Phase phase) const noexcept {
  return phase == Phase::kRequestBody ? slots_[at].request_body : slots_[at].response_body;
}

bool ChainRun::is_resumed(std::uint16_t at, Phase phase) const noexcept {
  const BodyStage* own = find_stage(at, phase);
  return own && own->is_resumed();
}

bool ChainRun::holds(Phase phase) const noexcept {
  return std::ranges::any_of(chain_.at(phase), [&](std::uint16_t at) {
    const BodyStage* own = find_stage(at, phase);
    return own && own->is_holding();
  });
}

// Without `response` the plugin failed or closes.
void ChainRun::name_reason(const Link& link, const http::Response* response) {
  exchange_.answer_details = response ? exchange_.arena.copy(response->details) : std::string_view();
  if (response && response->status < 400) return;
  exchange_.reason = link.reason;
  if (!exchange_.answer_details.empty()) {
    exchange_.reason = exchange_.arena.join(link.reason, ":", exchange_.answer_details);
  }
}

// Finishes a verdict that does not proceed; false when it changes nothing after all.
bool ChainRun::settle(Phase phase, std::uint16_t at, Verdict& verdict) {
  const Link& link = chain_.links()[at];
  http::Response* response = verdict.response();
  if (response) {
    if (is_response_phase(phase) && std::exchange(response_answered_, true)) {
      log::warn("{} answered a response that was answered before; ignored", link.reason);
      return false;
    }
    apply_error_response(link, *response);
  }
  if (verdict.error()) {
    log::error("{}", told(link, *verdict.error()));
    failed_ = &link;
  }
  name_reason(link, response);
  return true;
}

void ChainRun::word_failure(http::Response& answer) const {
  if (failed_) apply_error_response(*failed_, answer);
}

Task<Verdict> ChainRun::run(Phase phase) {
  return run_from(phase, phase == Phase::kResponseHeaders ? response_headers_done_ : 0);
}

// No coroutine: as long as every filter has finished when it returns, a phase costs its virtual calls.
Task<Verdict> ChainRun::run_from(Phase phase, std::size_t at) {
  const auto& order = chain_.at(phase);
  for (; at < order.size(); ++at) {
    if (phase == Phase::kResponseHeaders) response_headers_done_ = at + 1;
    Verdict verdict = Verdict::proceed();
    try {
      Filter* filter = enter(order[at], phase);
      if (!filter) continue;
      Task<Verdict> task = call(*filter, phase, exchange_);
      if (!task.is_ready()) return run_waiting(phase, at, std::move(task));
      verdict = task.take_value();
    } catch (...) {
      verdict = failed_by_exception(chain_.links()[order[at]]);
    }
    if (!verdict.proceeds() && settle(phase, order[at], verdict)) return verdict;
  }
  return Verdict::proceed();
}

Task<Verdict> ChainRun::run_waiting(Phase phase, std::size_t at, Task<Verdict> waiting) {
  std::uint16_t link = chain_.at(phase)[at];
  Verdict verdict = Verdict::proceed();
  try {
    verdict = co_await waiting;
  } catch (...) {
    verdict = failed_by_exception(chain_.links()[link]);
  }
  if (!verdict.proceeds() && settle(phase, link, verdict)) co_return verdict;
  co_return co_await run_from(phase, at + 1);
}

Task<Verdict> ChainRun::run_body(Phase phase, http::Chunk arrived, http::Chunk& passed) {
  return run_body_from(phase, 0, arrived, passed);
}

// From the end of the chain: what a filter holds is older than what those before it hold.
Task<Verdict> ChainRun::run_resumed(Phase phase, http::Chunk& passed) {
  const auto& order = chain_.at(phase);
  for (std::size_t at = order.size(); at > 0; --at) {
    if (is_resumed(order[at - 1], phase)) return run_body_from(phase, at - 1, {}, passed);
  }
  resumed(phase).reset();
  passed = {};
  return Verdict::proceed();
}

Task<Verdict> ChainRun::run_body_from(Phase phase, std::size_t at, http::Chunk arrived, http::Chunk& passed) {
  const auto& order = chain_.at(phase);
  for (; at < order.size(); ++at) {
    if (!arrived.is_last && arrived.bytes.empty() && !is_resumed(order[at], phase)) break;
    Verdict verdict = Verdict::proceed();
    try {
      Filter* filter = enter(order[at], phase);
      if (!filter) continue;
      BodyStage& own = stage(order[at], phase);
      own.arrive(arrived.bytes, arrived.is_last);
      Task<Verdict> task = call(*filter, phase, exchange_, own);
      if (!task.is_ready()) return run_body_waiting(phase, at, std::move(task), arrived.is_last, passed);
      verdict = task.take_value();
      refuse_overflow(phase, order[at], verdict);
      if (verdict.proceeds()) arrived.bytes = own.outgoing();
    } catch (...) {
      verdict = failed_by_exception(chain_.links()[order[at]]);
    }
    if (!verdict.proceeds() && settle(phase, order[at], verdict)) return verdict;
  }
  passed = arrived;
  return Verdict::proceed();
}

Task<Verdict> ChainRun::run_body_waiting(Phase phase, std::size_t at, Task<Verdict> waiting, bool is_last,
                                         http::Chunk& passed) {
  std::uint16_t link = chain_.at(phase)[at];
  Verdict verdict = Verdict::proceed();
  try {
    verdict = co_await waiting;
    refuse_overflow(phase, link, verdict);
  } catch (...) {
    verdict = failed_by_exception(chain_.links()[link]);
  }
  if (!verdict.proceeds() && settle(phase, link, verdict)) co_return verdict;
  http::Chunk outgoing{stage(link, phase).outgoing(), is_last};
  co_return co_await run_body_from(phase, at + 1, outgoing, passed);
}

void ChainRun::refuse_overflow(Phase phase, std::uint16_t at, Verdict& verdict) {
  if (!verdict.proceeds() || !stage(at, phase).overflowed()) return;
  bool is_request = phase == Phase::kRequestBody;
  log::warn("{} holds more than {} bytes of a {} body", chain_.links()[at].reason, stage(at, phase).limit(),
            is_request ? "request" : "response");
  verdict = Verdict::answer(is_request ? http::Response::error(413, "the request body is too large")
                                       : http::Response::error(500, "the response body is too large"));
}

void ChainRun::log() noexcept {
  for (std::uint16_t at : chain_.at(Phase::kLog)) {
    try {
      if (Filter* filter = enter(at, Phase::kLog)) filter->log(exchange_);
    } catch (...) {
      log_exception(chain_.links()[at]);
    }
  }
}

Task<void> ChainRun::rest_of_log() {
  for (std::uint16_t at : chain_.at(Phase::kLog)) {
    if (!slots_[at].filter) continue;
    try {
      co_await slots_[at].filter->rest_of_log(exchange_);
    } catch (...) {
      log_exception(chain_.links()[at]);
    }
  }
}

}  // namespace sallyport::chain
