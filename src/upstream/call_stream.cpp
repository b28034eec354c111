#include "upstream/call_stream.h"

#include "upstream/further_try.h"
#include "upstream/health_reports.h"

#include <utility>

namespace sallyport::upstream {

using http::BodyLength;
using http::CallFailure;

Task<CallStream::Outcome<std::unique_ptr<CallStream>>> CallStream::open(async::Reactor& reactor, Balancer& balancer,
                                                                        ConnectionPool& pool, const Clock& clock,
                                                                        ClusterPtr cluster, http::CallRequest request,
                                                                        tls::ClientIdentityPtr identity) {
  using Kind = CallFailure::Kind;
  const SteadyTime began = reactor.now();
  Tried tried;
  auto call = std::make_unique<CallStream>(reactor, clock, cluster, std::move(request), std::move(identity));
  for (;;) {
    auto endpoint = co_await balancer.pick(*cluster, call->own_.exchange, tried);
    if (!endpoint) co_return std::unexpected(CallFailure{Kind::kUnavailable, endpoint.error().what});
    call->endpoint_ = std::move(*endpoint);
    const unsigned tries = ++call->own_.exchange.tries;
    Status begun = co_await call->begin(pool, balancer, tried);
    if (begun) co_return std::move(call);
    report_failure(*cluster, *call->endpoint_, begun.error(), reactor.now());
    if (!allows_further_try(*cluster, begun.error(), tries, reactor.now() - began)) {
      co_return std::unexpected(call->failed(Kind::kUnavailable, begun.error().what));
    }
    tried.add(call->endpoint_);
  }
}

Task<Status> CallStream::begin(ConnectionPool& pool, Balancer& balancer, const Tried& tried) {
  const Timeouts& timeouts = cluster_->timeouts();
  const Target target{*cluster_, *endpoint_, tried, timeouts.connect};
  auto reached = co_await own_.reach(pool, balancer, target, identity_, false);
  if (!reached) co_return fail(std::move(reached).error());
  stream_ = std::move(reached->lease);
  if (reached->instead.get()) endpoint_ = EndpointRef(reached->instead.get());
  const wire::ClientTimeouts patience{timeouts.connect, timeouts.send, Milliseconds(0)};
  const wire::RequestLine line = own_.line_to(*endpoint_);
  CO_TRY_STATUS(stream_.wire().begin_request(line, own_.exchange.request.headers, BodyLength::chunked(), patience));
  co_return co_await stream_.wire().flush();
}

Task<Status> CallStream::send(std::string bytes, bool is_last) {
  const http::Chunk piece{bytes, is_last};
  co_return co_await stream_.wire().write(piece, wire::BodyWriter::Flush::kNow);
}

Task<CallStream::Outcome<CallStream::Head>> CallStream::read_head() {
  http::ResponseHead& head = own_.exchange.response;
  do {
    head.headers.clear();
    Status read = co_await stream_.wire().read_head(head);
    if (!read) co_return std::unexpected(failed(CallFailure::Kind::kUnavailable, read.error().what));
  } while (head.status < 200);
  report_status(*cluster_, *endpoint_, head.status, reactor_.now());
  co_return Head{{head.status, http::owned(head.headers), {}, {}}, head.body.is_empty()};
}

Task<CallStream::Outcome<http::Chunk>> CallStream::read_body() {
  auto piece = co_await stream_.wire().read_body();
  if (!piece) co_return std::unexpected(failed(CallFailure::Kind::kBroken, piece.error().what));
  co_return *piece;
}

http::OwnedFields CallStream::trailers() {
  http::Headers trailers(own_.arena);
  stream_.wire().trailers(trailers);
  return http::owned(trailers);
}

}  // namespace sallyport::upstream
