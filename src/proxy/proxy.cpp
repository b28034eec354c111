#include "proxy/proxy.h"

#include "base/bytes.h"
#include "http/authority.h"
#include "http/extended_connect.h"
#include "http/target.h"
#include "proxy/answers.h"
#include "proxy/forward.h"
#include "proxy/forwarded_fields.h"
#include "proxy/response_relay.h"
#include "route/path_pattern.h"

namespace sallyport::proxy {

using chain::Phase;
using chain::Verdict;
using exchange::Exchange;

namespace {

std::string_view in_lower_case(std::string_view host, Arena& arena) {
  return has_upper_case(host) ? arena.copy(to_lower(host)) : host;
}

bool has_underscore(const http::Field& field) { return field.name.find('_') != std::string_view::npos; }

}  // namespace

// The life of a request. What goes wrong on the way becomes an answer; every answer takes the way of a response.
Task<void> Proxy::serve(Journey& journey) {
  if (!begin(journey)) {
    co_await refuse(journey, 400, journey.exchange.reason);
    co_return;
  }
  route(journey);
  Verdict verdict = journey.exchange.tls ? admit(journey) : Verdict::proceed();
  if (verdict.proceeds()) verdict = co_await request_phases(journey);
  if (verdict.proceeds()) verdict = co_await Forward(journey, around_).run();
  if (!verdict.proceeds()) co_await answer(journey, std::move(verdict));
}

// Splits and normalises the target; false when it is not acceptable.
bool Proxy::begin(Journey& journey) {
  Exchange& exchange = journey.exchange;
  if (auto fault = take_target(exchange, exchange.request.target); !fault.empty()) {
    exchange.reason = fault;
    return false;
  }
  exchange.host = in_lower_case(exchange.request.host, exchange.arena);
  drop_claimed_fields(exchange, around_.options);
  return around_.options.underscores == Underscores::kPass || settle_underscores(exchange);
}

// What is wrong with it, for the log; empty: nothing.
std::string_view Proxy::take_target(Exchange& exchange, std::string_view written) const {
  auto target = http::normalise_target(written, exchange.arena, around_.options.encoded_slash);
  if (!target) return target.error();
  exchange.uri = target->uri;
  if (around_.options.drops_tail_slash && exchange.uri.size() > 1 && exchange.uri.ends_with('/')) {
    exchange.uri.remove_suffix(1);
  }
  exchange.path = target->path;
  exchange.query = target->query;
  exchange.has_query = target->has_query;
  return {};
}

// False when the settings refuse what is there.
bool Proxy::settle_underscores(Exchange& exchange) const {
  if (exchange.request.headers.remove_if(has_underscore) == 0) return true;
  if (around_.options.underscores == Underscores::kDrop) return true;
  exchange.reason = "underscore_in_field_name";
  return false;
}

void Proxy::route(Journey& journey) {
  Exchange& exchange = journey.exchange;
  journey.snapshot = around_.snapshots.pin(around_.worker);
  exchange.snapshot_revision = journey.snapshot->revision();
  journey.plan = &journey.snapshot->find(exchange);
  journey.chain.emplace(journey.snapshot->chain_of(*journey.plan), exchange, around_.options.plugin_bodies);
  journey.body.emplace(journey.client, exchange, *journey.chain, around_.options);
  exchange.body_reader = &*journey.body;
}

Task<Verdict> Proxy::request_phases(Journey& journey) {
  const snapshot::Plan& plan = *journey.plan;
  if (Status fits = journey.body->check_announced_length(); !fits) {
    return Verdict::answer(answer_for_error(journey.exchange, fits.error()));
  }
  if (plan.refusal) return Verdict::answer(answer_for_refusal(journey.exchange, *plan.refusal));
  for (Phase phase : {Phase::kRewrite, Phase::kAccess}) {
    Task<Verdict> running = journey.chain->run(phase);
    if (!running.is_ready()) return request_phases_later(journey, phase, std::move(running));
    if (Verdict verdict = running.take_value(); !verdict.proceeds()) return verdict;
  }
  return before_forward(journey);
}

// From `phase` on, whose plugins wait.
Task<Verdict> Proxy::request_phases_later(Journey& journey, Phase phase, Task<Verdict> running) {
  Verdict verdict = co_await running;
  if (verdict.proceeds() && phase == Phase::kRewrite) verdict = co_await journey.chain->run(Phase::kAccess);
  if (verdict.proceeds()) verdict = before_forward(journey);
  co_return verdict;
}

Verdict Proxy::before_forward(Journey& journey) {
  if (journey.exchange.route_is_outdated) [[unlikely]] {
    if (Verdict verdict = route_again(journey); !verdict.proceeds()) return verdict;
  }
  const snapshot::Plan& plan = *journey.plan;
  if (plan.no_upstream) return Verdict::answer(answer_for_refusal(journey.exchange, *plan.no_upstream));
  const bool is_tunnel = http::is_extended_connect(journey.exchange.request);
  if (is_tunnel && !plan.enable_websocket) return refuse_tunnel(journey, "websocket_not_enabled");
  // Whether such an upstream knows RFC 8441 is known too late to choose another one.
  if (is_tunnel && plan.cluster->speaks_http2()) return refuse_tunnel(journey, "websocket_to_http2_upstream");
  return Verdict::proceed();
}

// By what plugins have made of the request. Where it goes and how long that may take follow the new route; the plugins
// at work stay those of the first one, as Envoy's filters do: they have seen the request, those of the other have not.
Verdict Proxy::route_again(Journey& journey) {
  Exchange& exchange = journey.exchange;
  const std::string_view written =
      exchange.has_query ? exchange.arena.join(exchange.path, "?", exchange.query) : exchange.path;
  if (auto fault = take_target(exchange, written); !fault.empty()) {
    return Verdict::answer(answer_for_refusal(exchange, {400, "400 Bad Request", fault}));
  }
  if (auto host = http::parse_authority(exchange.upstream_host))
    exchange.host = in_lower_case(host->host, exchange.arena);
  exchange.matched = {};
  exchange.forget_properties(route::kParameterPrefix);
  exchange.route_is_outdated = false;
  journey.plan = &journey.snapshot->find(exchange);
  if (journey.plan->refusal) return Verdict::answer(answer_for_refusal(exchange, *journey.plan->refusal));
  return exchange.tls ? admit(journey) : Verdict::proceed();
}

// It is no request that could go on as an ordinary one, as an upgrade of HTTP/1 may.
Verdict Proxy::refuse_tunnel(Journey& journey, std::string_view reason) {
  return Verdict::answer(answer_for_refusal(journey.exchange, {501, "501 Not Implemented", reason}));
}

Task<void> Proxy::answer(Journey& journey, Verdict verdict) {
  Exchange& exchange = journey.exchange;
  ResponseRelay relay(journey, around_.options);
  if (verdict.closes() || exchange.response_head_sent) co_return relay.break_off();
  if (verdict.error()) {
    co_await relay.answer(relay.for_failed_plugin(*verdict.error()));
    co_return;
  }
  if (exchange.response_source != exchange::ResponseSource::kGateway) {
    exchange.response_source = exchange::ResponseSource::kPlugin;
  }
  co_await relay.answer(std::move(*verdict.response()));
}

// Always, also after errors and lost clients.
Task<void> Proxy::finish(Journey& journey) {
  Exchange& exchange = journey.exchange;
  exchange.response_bytes = journey.client.sent_bytes() - journey.sent_before;
  if (journey.chain) journey.chain->log();
  if (exchange.log_waits) [[unlikely]]
    return finish_later(journey);
  around_.log.finished(exchange);
  give_back(journey);
  return {};
}

// The line is written even if a worker that stops drops this in the middle.
Task<void> Proxy::finish_later(Journey& journey) {
  struct Line {
    ExchangeLog& log;
    const Exchange& exchange;
    ~Line() { log.finished(exchange); }
  };
  journey.exchange.timing.ended = journey.exchange.clock.steady();
  {
    const Line line{around_.log, journey.exchange};
    co_await journey.chain->rest_of_log();
  }
  give_back(journey);
}

void Proxy::give_back(Journey& journey) {
  if (journey.connection) journey.connection.give_back(around_.pool, journey.plan->cluster->keepalive_pool());
}

}  // namespace sallyport::proxy
