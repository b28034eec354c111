#include "proxy/request_body.h"

#include "proxy/trailers.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::proxy {

using async::Task;
using chain::Phase;
using http::BodyLength;
using http::Chunk;

RequestBody::RequestBody(wire::ServerConnection& client, exchange::Exchange& exchange, chain::ChainRun& chain,
                         const Options& options)
    : client_(client),
      exchange_(exchange),
      chain_(chain),
      options_(options),
      invited_(!exchange.request.expects_continue) {}

Status RequestBody::count(std::size_t bytes) {
  exchange_.request_body_bytes += bytes;
  if (options_.max_request_body == 0 || exchange_.request_body_bytes <= options_.max_request_body) return {};
  return fail(Error{ErrorCode::kLimit,
                    fmt::format("the request body is longer than {} bytes", options_.max_request_body),
                    Side::kDownstream, Retry::kNever});
}

// RFC 9110 10.1.1: the body comes when it was asked for.
Task<Status> RequestBody::invite() {
  if (std::exchange(invited_, true)) return Status{};
  if (!client_.stream().unread().empty()) return Status{};
  http::ResponseHead head(exchange_.arena);
  head.status = 100;
  return client_.send_interim(head);
}

Task<Result<Chunk>> RequestBody::read_client() {
  if (!ahead_) CO_TRY_STATUS(co_await invite());
  auto piece = ahead_ ? *std::exchange(ahead_, std::nullopt) : co_await client_.read_body();
  if (!piece) co_return fail(std::move(piece).error());
  CO_TRY_STATUS(count(piece->bytes.size()));
  if (piece->is_last) piece->trailers = trailers_of(client_.body(), exchange_.arena);
  co_return *piece;
}

Task<Result<std::string_view>> RequestBody::whole_request_body(std::size_t limit) {
  if (!whole_) {
    std::string gathered;
    while (ahead_ || !client_.body().ended()) {
      auto piece = co_await read_client();
      if (!piece) co_return fail(std::move(piece).error());
      if (gathered.size() + piece->bytes.size() > limit) {
        co_return fail(Error{ErrorCode::kLimit, fmt::format("the request body is longer than {} bytes", limit),
                             Side::kDownstream, Retry::kNever});
      }
      gathered.append(piece->bytes);
      if (piece->is_last) break;
    }
    whole_ = std::move(gathered);
  }
  co_return std::string_view(*whole_);
}

bool RequestBody::has_arrived() {
  if (replaying_ || whole_ || ahead_) return true;
  Result<Chunk> piece;
  if (!client_.body().read_arrived(piece)) return false;
  ahead_ = std::move(piece);
  return true;
}

BodyLength RequestBody::length_upstream(const Chunk& first) const noexcept {
  if (first.is_last && !first.trailers) return BodyLength::sized(first.bytes.size());
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

bool RequestBody::rewind() noexcept {
  if (!replay_is_complete_) return false;
  replaying_ = passed_last_ || !replay_.empty();
  return true;
}

Task<Result<Chunk>> RequestBody::next() {
  if (replaying_) {
    replaying_ = false;
    co_return Chunk{replay_, passed_last_, trailers_};
  }
  for (;;) {
    Chunk arrived;
    if (whole_) {
      if (whole_was_read_) co_return Chunk{{}, true};
      whole_was_read_ = true;
      arrived = {*whole_, true};
    } else {
      auto piece = co_await read_client();
      if (!piece) co_return fail(std::move(piece).error());
      arrived = *piece;
    }
    trailers_ = arrived.trailers;
    Chunk passed = arrived;
    if (chain_.chain().has(Phase::kRequestBody)) {
      chain::Verdict verdict = co_await chain_.run_body(Phase::kRequestBody, arrived, passed);
      if (!verdict.proceeds()) {
        verdict_ = std::move(verdict);
        co_return fail(ErrorCode::kPlugin, "a plugin ended the request");
      }
    }
    if (passed.bytes.empty() && !passed.is_last) continue;
    passed.trailers = trailers_;
    remember(passed);
    co_return passed;
  }
}

}  // namespace sallyport::proxy
