#include "wire/stream_tunnel.h"

namespace sallyport::wire {

using async::IoStatus;
using async::Task;
using http::Chunk;

namespace {

constexpr auto kNow = BodyWriter::Flush::kNow;

}  // namespace

StreamTunnel::~StreamTunnel() {
  if (!is_over_) upstream_.break_at_end();
}

Task<Result<Tunnel::End>> StreamTunnel::run() {
  moved_ = reactor_.now();
  to_upstream_.spawn(carry_to_upstream());
  auto end = co_await carry_to_client();
  to_upstream_.cancel_all();
  if (!end) co_return end;
  const Chunk last{{}, true};
  CO_TRY_STATUS(co_await client_.write(last, kNow));
  is_over_ = true;
  co_return end;
}

Task<Result<Tunnel::End>> StreamTunnel::carry_to_client() {
  for (;;) {
    const Chunk piece{upstream_.unread(), false};
    if (!piece.bytes.empty()) {
      moved_ = reactor_.now();
      CO_TRY_STATUS(co_await client_.write(piece, kNow));
      bytes_to_client_ += piece.bytes.size();
      upstream_.consume(piece.bytes.size());
      continue;
    }
    const auto left = std::chrono::ceil<Milliseconds>(moved_ + limits_.idle - reactor_.now());
    if (left <= Milliseconds(0)) co_return Tunnel::End::kIdle;
    const IoStatus status = co_await upstream_.fill(left);
    if (status == IoStatus::kEnd) co_return Tunnel::End::kUpstream;
    if (status != IoStatus::kReset) continue;
    co_return fail(Error{ErrorCode::kClosed, "the upstream broke the connection", Side::kUpstream, Retry::kNever});
  }
}

// A client that resets its stream ends the whole exchange; an upstream that takes nothing more ends the other
// direction.
Task<void> StreamTunnel::carry_to_upstream() {
  constexpr std::chrono::hours kEndless{24 * 365};  // how long nobody may speak is the other direction's matter
  for (;;) {
    auto piece = co_await client_.body().read(kEndless);
    if (!piece) co_return;
    moved_ = reactor_.now();
    if (!piece->bytes.empty() && co_await upstream_.send(piece->bytes, limits_.send) != IoStatus::kOk) {
      co_return upstream_.abort();
    }
    if (piece->is_last) co_return upstream_.shut_down_sending();
  }
}

}  // namespace sallyport::wire
