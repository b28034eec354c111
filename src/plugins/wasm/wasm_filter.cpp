#include "plugins/wasm/wasm_filter.h"

#include "async/task_group.h"
#include "base/log.h"
#include "http/message.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::wasm {
namespace {

using chain::Verdict;

// Of a callback of headers.
bool is_pause(std::uint32_t action) { return action != action::kContinue && action != action::kContinueAndEndStream; }

std::uint32_t count_of(const http::Headers& headers, const http::BodyLength& body, std::size_t pseudo_headers) {
  bool is_sized = body.kind == http::BodyLength::Kind::kSized;
  return static_cast<std::uint32_t>(headers.size() + pseudo_headers + (is_sized ? 1 : 0));
}

bool ends_with_head(const exchange::Exchange& exchange) {
  if (http::has_no_body(exchange.request_method, exchange.response.status)) return true;
  return exchange.response.body.is_empty();
}

}  // namespace

WorkerVm::State WasmFilter::find_vm() {
  if (skipped_ || context_.lost) return WorkerVm::State::kFailed;
  if (vm_) return WorkerVm::State::kReady;
  if (takes_sandbox() && !take_sandbox()) return WorkerVm::State::kFailed;
  WorkerVm::State state = root_->prepare();
  if (state == WorkerVm::State::kReady) vm_ = &root_->vm();
  return state;
}

bool WasmFilter::take_sandbox() {
  sandbox_ = source_.sandboxes->take(source_.image);
  if (sandbox_) root_ = &sandbox_->root();
  return sandbox_ != nullptr;
}

WorkerVm::State WasmFilter::enter() {
  WorkerVm::State state = find_vm();
  if (state != WorkerVm::State::kReady || context_.id != 0) return state;
  if (vm_->open(context_, root_->context())) return WorkerVm::State::kReady;
  return vm_->is_suspended() ? WorkerVm::State::kBuilding : WorkerVm::State::kFailed;
}

// For a callback of a direction, of which the response can be read from then on.
WorkerVm::State WasmFilter::enter(const Direction& direction) {
  if (&direction == &kResponse) context_.has_response = true;
  return enter();
}

// After kBuilding. False: the guest trapped.
chain::Task<bool> WasmFilter::ready() {
  if (vm_) co_return (co_await rest_of_callback()).has_value();
  co_await root_->ready();
  co_return true;
}

template <class After>
WasmFilter::Task WasmFilter::without_action(After after) {
  if (vm_->is_suspended()) return in_slices(std::move(after));
  close_buffers();
  return refusal();
}

template <class After>
WasmFilter::Task WasmFilter::in_slices(After after) {
  auto action = co_await rest_of_callback();
  if (action) co_return co_await after(*action);
  close_buffers();
  co_return refusal();
}

chain::Task<std::optional<std::uint32_t>> WasmFilter::rest_of_callback() {
  std::optional<std::uint32_t> action;
  while (vm_->is_suspended()) {
    co_await turns().next();
    action = vm_->go_on();
  }
  co_return action;
}

void WasmFilter::abandon_callback() noexcept {
  if (!vm_ || !vm_->is_suspended()) return;
  vm_->abandon();
  root_->worker_vm().discard(*vm_);
}

void WasmFilter::close_buffers() {
  context_.request_body.close();
  context_.response_body.close();
}

// What a filter says that could not enter the guest, or came out of it by a trap.
Verdict WasmFilter::refusal() {
  if (skipped_) return Verdict::proceed();
  if (!vm_) return fail_with(takes_sandbox() ? source_.sandboxes->failure() : root_->failure());
  if (!context_.lost) root_->worker_vm().discard(*vm_);
  return fail_with(root_->worker_vm().failure());
}

Verdict WasmFilter::fail_with(const Error& error) {
  skipped_ = true;
  if (policy_.on_failure == OnFailure::kRefuse) return Verdict::failed(error);
  log::error("{}; the exchange goes on without it", error.what);
  return Verdict::proceed();
}

std::optional<std::uint32_t> WasmFilter::call(Callback callback, std::uint32_t b, std::uint32_t c) {
  return vm_->call(callback, {context_.root, &context_}, context_.id, b, c);
}

Verdict WasmFilter::decision() {
  if (context_.closes || context_.exchange.response_head_sent) return Verdict::close();
  return Verdict::answer(*std::exchange(context_.answer, std::nullopt));
}

WasmFilter::Task WasmFilter::request_headers() {
  WorkerVm::State state = find_vm();
  if (state == WorkerVm::State::kBuilding) return request_headers_later();
  if (state == WorkerVm::State::kFailed) return refusal();
  const http::RequestHead& head = context_.exchange.request;
  context_.request_head_open = true;
  auto action = vm_->begin(context_, root_->context(), count_of(head.headers, head.body, 3), head.body.is_empty());
  if (action) [[likely]]
    return after_request_headers(*action);
  return without_action([this](std::uint32_t late) { return after_request_headers(late); });
}

WasmFilter::Task WasmFilter::after_request_headers(std::uint32_t action) {
  if (context_.has_decided()) return decision();
  if (context_.whole_request_body && vm_->exports(Callback::kRequestBody)) return whole_request_body();
  if (is_pause(action) && !context_.request.resumed) {
    bool has_body = !context_.exchange.request.body.is_empty();
    return has_body && shows_body(kRequest, action) ? whole_request_body() : hold_request();
  }
  context_.request_head_open = false;
  return Verdict::proceed();
}

WasmFilter::Task WasmFilter::request_headers_later() {
  if (!co_await ready()) co_return refusal();
  co_return co_await request_headers();
}

WasmFilter::Task WasmFilter::hold_request() {
  Verdict verdict = co_await wait(kRequest);
  context_.request_head_open = false;
  co_return verdict;
}

// For a plugin that asked for it: the body as one piece while the head can still be changed and nothing has left.
WasmFilter::Task WasmFilter::whole_request_body() {
  auto body = co_await context_.exchange.whole_request_body(policy_.limits.held_body_bytes);
  if (!body) {
    if (body.error().code != ErrorCode::kLimit) co_return Verdict::close();
    co_return Verdict::answer(http::Response::error(413, "the request body is too large"));
  }
  while (vm_->is_suspended()) co_await turns().next();
  if (context_.lost) co_return refusal();
  has_seen_whole_request_body_ = true;
  context_.request_body.open({}, *body);
  context_.request.resumed = false;
  context_.request.trailers_open = true;
  auto action = call(Callback::kRequestBody, static_cast<std::uint32_t>(body->size()), 1);
  if (!action) action = co_await rest_of_callback();
  if (!action) co_return refusal();
  Verdict verdict = Verdict::proceed();
  if (context_.has_decided())
    verdict = decision();
  else if (*action != action::kContinue && !context_.request.resumed)
    verdict = co_await wait(kRequest);
  if (context_.request_body.is_edited()) new_request_body_ = context_.request_body.take_text();
  context_.request_body.close();
  context_.request.trailers_open = false;
  context_.request_head_open = false;
  co_return verdict;
}

WasmFilter::Task WasmFilter::request_body(chain::Exchange&, chain::BodyStage& stage) {
  if (new_request_body_) return give_new_request_body(stage);
  if (has_seen_whole_request_body_) return Verdict::proceed();
  stage.set_limit(policy_.limits.held_body_bytes);
  return call_body(kRequest, stage);
}

Verdict WasmFilter::give_new_request_body(chain::BodyStage& stage) {
  stage.drop();
  if (stage.is_last()) stage.replace(*new_request_body_);
  return Verdict::proceed();
}

WasmFilter::Task WasmFilter::response_headers(chain::Exchange&) {
  WorkerVm::State state = enter(kResponse);
  if (state == WorkerVm::State::kBuilding) return response_headers_later();
  if (state == WorkerVm::State::kFailed) return refusal();
  const http::ResponseHead& head = context_.exchange.response;
  auto action =
      call(Callback::kResponseHeaders, count_of(head.headers, head.body, 1), ends_with_head(context_.exchange));
  if (action) [[likely]]
    return after_response_headers(*action);
  return without_action([this](std::uint32_t late) { return after_response_headers(late); });
}

WasmFilter::Task WasmFilter::after_response_headers(std::uint32_t action) {
  if (context_.has_decided()) return decision();
  bool pauses = is_pause(action) && !context_.response.resumed && !context_.whole_response_body;
  if (!pauses) return Verdict::proceed();
  bool has_body = !ends_with_head(context_.exchange);  // with which its head leaves
  return has_body && shows_body(kResponse, action) ? Task(Verdict::proceed()) : wait(kResponse);
}

bool WasmFilter::shows_body(const Direction& direction, std::uint32_t action) const {
  bool may = policy_.pause_in_headers == PauseInHeaders::kShowsBody;
  return may && action == action::kPause && vm_->exports(direction.body);
}

WasmFilter::Task WasmFilter::response_headers_later() {
  if (!co_await ready()) co_return refusal();
  co_return co_await WasmFilter::response_headers(context_.exchange);
}

WasmFilter::Task WasmFilter::response_body(chain::Exchange&, chain::BodyStage& stage) {
  stage.set_limit(policy_.limits.held_body_bytes);
  if (context_.whole_response_body && !stage.is_last()) {
    stage.hold();
    return Verdict::proceed();
  }
  return call_body(kResponse, stage);
}

WasmFilter::Task WasmFilter::call_body(const Direction& direction, chain::BodyStage& stage) {
  WorkerVm::State state = enter(direction);
  if (state == WorkerVm::State::kBuilding) return call_body_later(direction, stage);
  BodyBuffer& buffer = context_.*direction.buffer;
  StreamControl& control = context_.*direction.control;
  bool was_held = std::exchange(control.held, nullptr) != nullptr;
  if (was_held) buffer.close();
  if (state == WorkerVm::State::kFailed) return refusal();
  if (was_held) {
    if (auto verdict = take_up(direction, stage)) return std::move(*verdict);
  }
  buffer.open(stage.held(), stage.arrived());
  control.resumed = false;
  control.trailers_open = stage.is_last();
  bool ends = stage.is_last() && (context_.*direction.whole_body || !expects_trailers(direction));
  auto action = call(direction.body, static_cast<std::uint32_t>(buffer.size()), ends);
  if (action) [[likely]]
    return after_body(direction, stage, *action);
  return without_action([this, &direction, &stage](std::uint32_t late) { return after_body(direction, stage, late); });
}

WasmFilter::Task WasmFilter::after_body(const Direction& direction, chain::BodyStage& stage, std::uint32_t action) {
  if (context_.has_decided()) {
    (context_.*direction.buffer).close();
    return decision();
  }
  bool goes_on = action == action::kContinue || (context_.*direction.control).resumed;
  return goes_on ? Task(pass_body(direction, stage)) : keep_body(direction, stage, action);
}

// What other contexts did to the pieces that were held since the last callback. A verdict: nothing new has come for
// the next one.
std::optional<Verdict> WasmFilter::take_up(const Direction& direction, chain::BodyStage& stage) {
  BodyBuffer& buffer = context_.*direction.buffer;
  StreamControl& control = context_.*direction.control;
  if (buffer.is_edited()) stage.held() = buffer.take_text();
  if (context_.has_decided()) return decision();
  if (control.resumed) stage.release();
  if (!stage.arrived().empty() || stage.is_last()) return std::nullopt;
  if (!control.resumed) {
    stage.drop();
    buffer.open(stage.held(), {});
    control.held = &stage;
  }
  return Verdict::proceed();
}

WasmFilter::Task WasmFilter::call_body_later(const Direction& direction, chain::BodyStage& stage) {
  if (!co_await ready()) co_return refusal();
  co_return co_await call_body(direction, stage);
}

Verdict WasmFilter::pass_body(const Direction& direction, chain::BodyStage& stage) {
  BodyBuffer& buffer = context_.*direction.buffer;
  if (buffer.is_edited())
    stage.replace(buffer.take_text());
  else
    stage.pass();
  buffer.close();
  (context_.*direction.control).trailers_open = false;
  return Verdict::proceed();
}

// The guest wants more before anything goes on; with the last piece, it wants the trailers or time.
WasmFilter::Task WasmFilter::keep_body(const Direction& direction, chain::BodyStage& stage, std::uint32_t action) {
  BodyBuffer& buffer = context_.*direction.buffer;
  if (action == action::kStopAndDropBody) {
    stage.drop();
  } else {
    if (buffer.is_edited()) {
      stage.drop();
      stage.held() = buffer.take_text();
    }
    if (!stage.hold()) return Verdict::proceed();  // over the limit: the chain answers
  }
  buffer.open(stage.held(), {});  // for other contexts, which may read and edit it meanwhile
  if (stage.is_last()) return hold_body(direction, stage);
  (context_.*direction.control).held = &stage;
  return Verdict::proceed();
}

WasmFilter::Task WasmFilter::hold_body(const Direction& direction, chain::BodyStage& stage) {
  bool waits_for_trailers = !(context_.*direction.whole_body) && expects_trailers(direction);
  Task until = waits_for_trailers ? call_trailers(direction) : wait(direction);
  Verdict verdict = co_await until;
  if (verdict.proceeds()) co_return pass_body(direction, stage);
  (context_.*direction.buffer).close();
  co_return verdict;
}

// The last piece of a body is not the end for a guest that is shown trailers behind it.
bool WasmFilter::expects_trailers(const Direction& direction) const {
  const http::Headers* fields = context_.exchange.*direction.trailer_fields;
  bool are_there = fields && !fields->empty() && !(context_.*direction.control).has_seen_trailers;
  return are_there && vm_->exports(direction.trailers);
}

WasmFilter::Task WasmFilter::trailers(const Direction& direction) {
  WorkerVm::State state = enter(direction);
  if (state == WorkerVm::State::kBuilding) return trailers_later(direction);
  if (state == WorkerVm::State::kFailed) return refusal();
  return expects_trailers(direction) ? call_trailers(direction) : Task(Verdict::proceed());
}

WasmFilter::Task WasmFilter::trailers_later(const Direction& direction) {
  if (!co_await ready()) co_return refusal();
  co_return co_await trailers(direction);
}

WasmFilter::Task WasmFilter::call_trailers(const Direction& direction) {
  StreamControl& control = context_.*direction.control;
  const http::Headers& fields = *(context_.exchange.*direction.trailer_fields);
  control.resumed = false;
  control.trailers_open = control.has_seen_trailers = true;
  auto action = call(direction.trailers, static_cast<std::uint32_t>(fields.size()), 0);
  if (action) [[likely]]
    return after_trailers(direction, *action);
  return without_action([this, &direction](std::uint32_t late) { return after_trailers(direction, late); });
}

WasmFilter::Task WasmFilter::after_trailers(const Direction& direction, std::uint32_t action) {
  StreamControl& control = context_.*direction.control;
  if (context_.has_decided()) return decision();
  if (action != action::kContinue && !control.resumed) return wait(direction);
  control.trailers_open = false;
  return Verdict::proceed();
}

WasmFilter::Task WasmFilter::wait(const Direction& direction) {
  StreamControl& control = context_.*direction.control;
  control.pause_is_over = false;
  control.waits = true;
  async::TaskGroup watch;
  if (context_.exchange.waiter) watch.spawn(watch_pause(control));
  while (!context_.is_due(control)) {
    co_await control.wake;
    control.wake.reset();
  }
  control.waits = false;
  control.trailers_open = false;
  if (context_.lost) co_return refusal();
  if (context_.has_decided()) co_return decision();
  if (control.resumed) co_return Verdict::proceed();
  co_return fail_with(Error{ErrorCode::kPlugin,
                            fmt::format("plugin {}: it held an exchange for more than {} ms without letting it go on",
                                        root_->conf().plugin, policy_.limits.longest_pause.count())});
}

// Does not wake by itself: what it woke might end the filter, and this coroutine with it.
chain::Task<void> WasmFilter::watch_pause(StreamControl& control) {
  co_await context_.exchange.sleep(policy_.limits.longest_pause);
  control.pause_is_over = true;
  root_->worker_vm().wake_soon({context_.id});
}

void WasmFilter::log(const chain::Exchange& exchange) noexcept {
  context_.has_response = exchange.response_source != exchange::ResponseSource::kNone;
  const bool has_none = only_logs() && enter() == WorkerVm::State::kFailed && !vm_;
  if (has_none) {
    const Verdict failed = refusal();
    if (failed.error()) log::error("{}", failed.error()->what);
  }
  finish();
}

// A plugin without callbacks before the end of an exchange is told of it then.
bool WasmFilter::only_logs() {
  if (vm_ || skipped_) return false;
  const ModuleOutline& outline = root_->worker_vm().spec().module->outline;
  auto exports = [&](Callback callback) { return outline.find_function(shape_of(callback).name) != nullptr; };
  if (!exports(Callback::kLog) || exports(Callback::kRequestHeaders)) return false;
  return takes_sandbox() || root_->prepare() == WorkerVm::State::kReady;
}

void WasmFilter::finish() {
  if (!vm_ || vm_->is_suspended()) return;
  for (const Direction* direction : {&kRequest, &kResponse}) {
    (context_.*direction->control).held = nullptr;
    (context_.*direction->buffer).close();
  }
  if (!context_.lost) {
    vm_->close(context_);
    if (vm_->is_suspended()) return;
    if (const Error* failure = vm_->failure()) {
      log::error("{}", failure->what);
      root_->worker_vm().discard(*vm_);
    }
  }
  root_->worker_vm().forget(*std::exchange(vm_, nullptr), context_);
  if (!sandbox_) return;
  root_ = &source_.root;
  source_.sandboxes->give_back(std::move(sandbox_));
}

}  // namespace sallyport::wasm
