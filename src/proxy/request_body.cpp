#include "proxy/request_body.h"

#include "http/grpc.h"
#include "proxy/answers.h"
#include "proxy/next_piece.h"
#include "proxy/trailers.h"

#include <fmt/format.h>

namespace sallyport::proxy {

using async::Task;
using chain::Phase;
using http::BodyLength;
using http::Chunk;

namespace {

std::unexpected<Error> too_long(std::uint64_t limit) {
  return fail(Error{ErrorCode::kLimit, fmt::format("the request body is longer than {} bytes", limit),
                    Side::kDownstream, Retry::kNever});
}

}  // namespace

RequestBody::RequestBody(wire::ServerExchange& client, exchange::Exchange& exchange, chain::ChainRun& chain,
                         const Options& options)
    : client_(client),
      exchange_(exchange),
      chain_(chain),
      options_(options),
      invited_(!exchange.request.expects_continue) {}

Status RequestBody::check_announced_length() const {
  if (announces_too_much()) return too_long(options_.max_request_body);
  return {};
}

Status RequestBody::check_arrived() const {
  if (exchange_.request.body.kind != BodyLength::Kind::kChunked || client_.body().ended()) return {};
  TRY(std::uint64_t arrived, client_.body().look_ahead());
  const std::uint64_t most = options_.max_request_body;
  if (most != 0 && exchange_.request_body_bytes + arrived > most) return too_long(most);
  return {};
}

bool RequestBody::announces_too_much() const noexcept {
  BodyLength length = exchange_.request.body;
  return options_.max_request_body != 0 && length.kind == BodyLength::Kind::kSized &&
         length.bytes > options_.max_request_body;
}

Status RequestBody::count(std::size_t bytes) {
  exchange_.request_body_bytes += bytes;
  invited_ = invited_ || bytes > 0;
  if (options_.max_request_body == 0 || exchange_.request_body_bytes <= options_.max_request_body) return {};
  return too_long(options_.max_request_body);
}

// RFC 9110 10.1.1. A client that has sent some of the body already waits for nothing.
bool RequestBody::wants_invitation() const noexcept {
  return !invited_ && !client_.body().ended() && !client_.has_unread();
}

Task<Status> RequestBody::invite() {
  invited_ = true;
  http::ResponseHead head(exchange_.arena);
  head.status = 100;
  return client_.send_interim(head);
}

Task<Status> RequestBody::gather(std::size_t limit) {
  BodyLength length = exchange_.request.body;
  if (length.kind == BodyLength::Kind::kSized && length.bytes > limit) co_return too_long(limit);
  if (!gathered_) gathered_.emplace();
  if (wants_invitation()) CO_TRY_STATUS(co_await invite());
  while (!client_.body().ended()) {
    if (gathered_->size() > limit) co_return too_long(limit);
    const SteadyTime since = exchange_.clock.steady();
    auto piece = co_await client_.read_body();
    if (!piece) co_return fail(std::move(piece).error());
    CO_TRY_STATUS(note_wait(since, piece));
    CO_TRY_STATUS(count(piece->bytes.size()));
    gathered_->append(piece->bytes);
  }
  if (gathered_->size() > limit) co_return too_long(limit);
  note_trailers();
  co_return Status{};
}

Task<Result<std::string_view>> RequestBody::whole_request_body(std::size_t limit) {
  if (begun_ || exchange_.response_head_sent) {
    co_return fail(ErrorCode::kInvalid, "the request body has gone on; ask for it before the request is forwarded");
  }
  CO_TRY_STATUS(co_await gather(limit));
  co_return std::string_view(*gathered_);
}

BodyLength RequestBody::length_upstream(const Chunk& first) const noexcept {
  bool has_none = first.bytes.empty() && exchange_.request.body.kind == BodyLength::Kind::kNone;
  // A server of gRPC may wait for the end of a call's messages in a frame of its own, also where there are none.
  bool is_empty_call = first.is_last && first.bytes.empty() && !has_none && http::is_grpc(exchange_.request.headers);
  if (first.trailers || is_empty_call) return BodyLength::chunked();
  if (first.is_last) return has_none ? BodyLength::none() : BodyLength::sized(first.bytes.size());
  if (chain_.chain().edits_request_body()) return BodyLength::chunked();
  return exchange_.request.body;
}

void RequestBody::remember(const Chunk& passed) {
  passed_last_ = passed.is_last;
  if (!replay_is_complete_) return;
  if (replay_.size() + passed.bytes.size() > options_.replay_bytes) {
    replay_is_complete_ = false;
    replay_ = {};
    return;
  }
  replay_.append(passed.bytes);
}

void RequestBody::rewind() noexcept { replaying_ = passed_last_ || !replay_.empty(); }

// A body that trickles keeps an upstream busy for as long as its client likes. One that is a stream of messages, as in
// gRPC or beside a response that has begun, comes when there is something to say.
Status RequestBody::note_wait(SteadyTime since, const Result<Chunk>& piece) {
  waited_ += exchange_.clock.steady() - since;
  if (!piece || piece->is_last) return {};
  const bool is_slow =
      wire::falls_behind(options_.limits.request_rate, waited_, exchange_.request_body_bytes + piece->bytes.size());
  if (!is_slow || exchange_.response_head_sent || http::is_grpc(exchange_.request.headers)) return {};
  exchange_.reason = kRequestBodyTooSlow;
  client_.close_after_response();
  return fail(Error{ErrorCode::kTimeout, "the request body came too slowly", Side::kDownstream, Retry::kNever});
}

// From the client, or what a plugin has gathered of it; `kNothingNew` where a plugin goes on with what it holds.
Task<Result<Chunk>> RequestBody::next_arrival(BeforeWait& before) {
  if (gathered_ && !std::exchange(passed_gathered_, true)) co_return Chunk{*gathered_, client_.body().ended()};
  if (chain_.resumed(Phase::kRequestBody).is_set()) co_return kNothingNew;
  Result<Chunk> piece;
  if (!client_.body().read_arrived(piece)) {
    CO_TRY_STATUS(co_await before.before_wait());
    const SteadyTime since = exchange_.clock.steady();
    piece = co_await next_piece(chain_, Phase::kRequestBody, client_.read_body());
    CO_TRY_STATUS(note_wait(since, piece));
  }
  if (piece) CO_TRY_STATUS(count(piece->bytes.size()));
  co_return piece;
}

Task<Result<Chunk>> RequestBody::next(BeforeWait& before) {
  begun_ = true;
  const chain::Chain& chain = chain_.chain();
  const bool has_stages = chain.has(Phase::kRequestBody) || chain.has(Phase::kRequestTrailers);
  if (std::exchange(replaying_, false)) {
    const http::Headers* trailers = passed_last_ ? written(exchange_.request_trailers) : nullptr;
    co_return Chunk{replay_, passed_last_, trailers};
  }
  for (;;) {
    CO_TRY(Chunk passed, co_await next_arrival(before));
    if (passed.is_last) note_trailers();
    if (has_stages) CO_TRY_STATUS(co_await run_stages(passed));
    if (passed.bytes.empty() && !passed.is_last) continue;
    if (passed.is_last) passed.trailers = written(exchange_.request_trailers);
    remember(passed);
    co_return passed;
  }
}

// Of a body that has ended, once: what plugins have made of them stays.
void RequestBody::note_trailers() {
  if (std::exchange(trailers_noted_, true)) return;
  exchange_.request_trailers = trailers_of(client_.body(), exchange_.arena);
}

// What plugins do to a piece, and to the trailers behind the last one.
Task<Status> RequestBody::run_stages(Chunk& piece) {
  const Chunk arrived = piece;
  in_stages_ = true;
  Task<chain::Verdict> running = is_nothing_new(arrived) ? chain_.run_resumed(Phase::kRequestBody, piece)
                                                         : chain_.run_body(Phase::kRequestBody, arrived, piece);
  chain::Verdict verdict = co_await running;
  bool has_trailers = arrived.is_last && exchange_.request_trailers;
  if (verdict.proceeds() && has_trailers) verdict = co_await chain_.run(Phase::kRequestTrailers);
  if (!verdict.proceeds()) {
    verdict_ = std::move(verdict);
    co_return fail(ErrorCode::kPlugin, "a plugin ended the request");
  }
  in_stages_ = false;
  co_return Status{};
}

}  // namespace sallyport::proxy
