#include "wire/tunnel.h"

namespace sallyport::wire {

using async::IoStatus;
using async::Stream;

async::Task<Tunnel::End> Tunnel::run() {
  moved_ = reactor_.now();
  client_.watch_hangup(nullptr);  // who goes may have sent before: that end is read here, behind what came
  to_client_.spawn(carry_to_client());
  if (is_over_) co_return end_;
  const End end = co_await carry(client_, upstream_, End::kClient, End::kUpstream);
  to_client_.cancel_all();
  co_return is_over_ ? end_ : end;
}

// Its end makes the other direction end from the loop, whatever that waits for.
async::Task<void> Tunnel::carry_to_client() {
  end_ = co_await carry(upstream_, client_, End::kUpstream, End::kClient);
  is_over_ = true;
  upstream_.abort();
  client_.expire_fill();
}

async::Task<Tunnel::End> Tunnel::carry(Stream& from, Stream& to, End source, End target) {
  while (!is_over_) {
    if (const std::string_view bytes = from.unread(); !bytes.empty()) {
      moved_ = reactor_.now();
      if (co_await to.send(bytes, limits_.send) != IoStatus::kOk) co_return target;
      if (target == End::kClient) bytes_to_client_ += bytes.size();
      from.consume(bytes.size());
      continue;
    }
    const auto left = std::chrono::ceil<Milliseconds>(moved_ + limits_.idle - reactor_.now());
    if (left <= Milliseconds(0)) co_return End::kIdle;
    const IoStatus status = co_await from.fill(left);
    if (status == IoStatus::kEnd || status == IoStatus::kReset) co_return source;
  }
  co_return source;
}

}  // namespace sallyport::wire
