#include "upstream/caller.h"

#include "async/event.h"
#include "async/task_group.h"
#include "async/until_set.h"
#include "upstream/call_exchange.h"
#include "upstream/further_try.h"
#include "upstream/health_reports.h"
#include "upstream/lease.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {

using http::BodyLength;
using http::CallFailure;
using http::CallResult;

CallResult failed(CallFailure::Kind kind, std::string what) {
  return std::unexpected(CallFailure{kind, std::move(what)});
}

bool usually_has_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

// One call under way, through all its tries.
class Caller::Call {
 public:
  Call(Caller& caller, ClusterPtr cluster, http::CallRequest request, std::size_t most_body_bytes,
       tls::ClientIdentityPtr identity);

  Task<CallResult> run();
  // After `run` was dropped.
  CallResult expired(Milliseconds timeout) const;

 private:
  // A connection with the request under way and the response's head read.
  Task<Status> exchange_heads();
  Task<Status> try_heads(bool fresh);
  Task<Status> lease_connection(bool fresh);
  Status begin_request();
  Task<void> upload();
  Task<Status> read_head();
  Task<CallResult> take_answer();
  Task<Status> take_body(http::CallAnswer& answer);
  CallResult no_answer(const Error& error) const;
  bool may_repeat() const;
  BodyLength body_length() const;

  Caller& caller_;
  CallExchange own_;
  ClusterPtr cluster_;
  std::size_t most_body_bytes_;
  tls::ClientIdentityPtr identity_;  // of the cluster's `identity_id`
  SteadyTime began_;

  Tried tried_;
  EndpointRef endpoint_;
  Lease connection_;
  bool reused_ = false;
  bool has_head_ = false;
  async::TaskGroup uploads_;  // last: its task uses everything above
};

Caller::Call::Call(Caller& caller, ClusterPtr cluster, http::CallRequest request, std::size_t most_body_bytes,
                   tls::ClientIdentityPtr identity)
    : caller_(caller),
      own_(std::move(request), caller.clock_),
      cluster_(std::move(cluster)),
      most_body_bytes_(most_body_bytes),
      identity_(std::move(identity)),
      began_(caller.reactor_.now()) {}

Task<CallResult> Caller::Call::run() {
  for (;;) {
    auto endpoint = co_await caller_.balancer_.pick(*cluster_, own_.exchange, tried_);
    if (!endpoint) co_return failed(CallFailure::Kind::kUnavailable, endpoint.error().what);
    endpoint_ = std::move(*endpoint);
    ++own_.exchange.tries;
    const SteadyTime try_began = caller_.reactor_.now();
    Status heads = co_await exchange_heads();
    const SteadyTime now = caller_.reactor_.now();
    if (heads || heads.error().code == ErrorCode::kTimeout) {
      report_latency(*cluster_, *endpoint_, now - try_began, now);
    }
    if (heads) co_return co_await take_answer();
    const Error& error = heads.error();
    report_failure(*cluster_, *endpoint_, error, caller_.reactor_.now());
    const bool again = allows_further_try(*cluster_, error, own_.exchange.tries, caller_.reactor_.now() - began_);
    if (!again || !may_repeat()) co_return no_answer(error);
    tried_.add(endpoint_);
  }
}

Task<Status> Caller::Call::exchange_heads() {
  for (bool fresh = false;; fresh = true) {
    uploads_.cancel_all();
    Status done = co_await try_heads(fresh);
    const bool is_stale = !done && reused_ && was_stale(connection_.wire(), done.error()) && may_repeat();
    if (!is_stale) co_return done;
  }
}

Task<Status> Caller::Call::try_heads(bool fresh) {
  CO_TRY_STATUS(co_await lease_connection(fresh));
  CO_TRY_STATUS(begin_request());
  uploads_.spawn(upload());
  co_return co_await read_head();
}

Task<Status> Caller::Call::lease_connection(bool fresh) {
  connection_ = {};
  reused_ = false;
  const Target target{*cluster_, *endpoint_, tried_, cluster_->timeouts().connect};
  auto reached = co_await own_.reach(caller_.pool_, caller_.balancer_, target, identity_, fresh);
  if (!reached) co_return fail(std::move(reached).error());
  connection_ = std::move(reached->lease);
  reused_ = reached->is_kept && !fresh;
  if (reached->instead.get()) endpoint_ = EndpointRef(reached->instead.get());
  co_return Status{};
}

BodyLength Caller::Call::body_length() const {
  if (!own_.trailers.empty()) return BodyLength::chunked();
  const bool is_told = !own_.request.body.empty() || usually_has_body(own_.request.method);
  return is_told ? BodyLength::sized(own_.request.body.size()) : BodyLength::none();
}

Status Caller::Call::begin_request() {
  const Timeouts& timeouts = cluster_->timeouts();
  return connection_.wire().begin_request(own_.line_to(*endpoint_), own_.exchange.request.headers, body_length(),
                                          {timeouts.connect, timeouts.send, timeouts.read});
}

// Runs beside the wait for the response, which may come before the body has ended and tells more than a failure here.
Task<void> Caller::Call::upload() {
  const http::Chunk whole{own_.request.body, true, own_.trailers.empty() ? nullptr : &own_.trailers};
  static_cast<void>(co_await connection_.wire().write(whole, wire::BodyWriter::Flush::kNow));
}

Task<Status> Caller::Call::read_head() {
  http::ResponseHead& head = own_.exchange.response;
  for (;;) {
    head.headers.clear();
    const bool uploads = !uploads_.empty();
    Status done = co_await connection_.wire().read_head(head);
    // The time to answer begins when the request has left.
    if (!done && uploads && done.error().code == ErrorCode::kTimeout) continue;
    if (!done) co_return done;
    if (head.status == 101) {
      co_return fail(Error{ErrorCode::kProtocol, "the upstream switched protocols without being asked", Side::kUpstream,
                           Retry::kNever});
    }
    if (head.status >= 200) co_return Status{};
  }
}

Task<CallResult> Caller::Call::take_answer() {
  has_head_ = true;
  const http::ResponseHead& head = own_.exchange.response;
  report_status(*cluster_, *endpoint_, head.status, caller_.reactor_.now());
  http::CallAnswer answer{head.status, http::owned(head.headers), {}, {}};
  if (head.body.kind == BodyLength::Kind::kSized) {
    answer.headers.emplace_back("content-length", std::to_string(head.body.bytes));
  }
  Status taken = co_await take_body(answer);
  if (!taken) co_return failed(CallFailure::Kind::kBroken, at_endpoint(endpoint_, taken.error().what));
  uploads_.cancel_all();
  connection_.give_back(caller_.pool_, cluster_->keepalive_pool());
  co_return answer;
}

Task<Status> Caller::Call::take_body(http::CallAnswer& answer) {
  for (;;) {
    CO_TRY(const http::Chunk piece, co_await connection_.wire().read_body());
    if (piece.bytes.size() > most_body_bytes_ - answer.body.size()) {
      co_return fail(ErrorCode::kLimit, fmt::format("its answer is longer than {} bytes", most_body_bytes_));
    }
    answer.body += piece.bytes;
    if (piece.is_last) break;
  }
  if (connection_.wire().has_trailers()) {
    http::Headers trailers(own_.arena);
    connection_.wire().trailers(trailers);
    answer.trailers = http::owned(trailers);
  }
  co_return Status{};
}

CallResult Caller::Call::no_answer(const Error& error) const {
  const bool is_late = connection_ && error.code == ErrorCode::kTimeout;
  return failed(is_late ? CallFailure::Kind::kTimeout : CallFailure::Kind::kUnavailable,
                at_endpoint(endpoint_, error.what));
}

CallResult Caller::Call::expired(Milliseconds timeout) const {
  std::string what = fmt::format("no {} within {} ms", has_head_ ? "whole answer" : "answer", timeout.count());
  return failed(has_head_ ? CallFailure::Kind::kBroken : CallFailure::Kind::kTimeout, at_endpoint(endpoint_, what));
}

bool Caller::Call::may_repeat() const {
  const bool has_left = connection_ && connection_.wire().request_begun();
  return !has_left || http::is_idempotent(own_.request.method);
}

Task<CallResult> Caller::call(ClusterPtr cluster, http::CallRequest request, CallLimits limits,
                              tls::ClientIdentityPtr identity) {
  auto call =
      std::make_unique<Call>(*this, std::move(cluster), std::move(request), limits.body_bytes, std::move(identity));
  async::Event expired;
  auto timer = reactor_.start_timer(limits.timeout, async::Reactor::Repeat::kOnce, [&expired] { expired.set(); });
  auto ended = co_await async::UntilSet(expired, call->run());
  if (ended) co_return std::move(*ended);
  co_return call->expired(limits.timeout);
}

}  // namespace sallyport::upstream
