#include "wire/server_connection.h"

#include <algorithm>

namespace sallyport::wire {

using async::IoStatus;
using http::BodyLength;
using Kind = ServerConnection::Next::Kind;

ServerConnection::ServerConnection(async::Reactor& reactor, async::StreamPtr stream, const ServerLimits& limits)
    : reactor_(reactor),
      stream_(std::move(stream)),
      limits_(limits),
      reader_(*stream_, Side::kDownstream),
      writer_(*stream_, Side::kDownstream) {
  stream_->set_read_limit(limits_.head.bytes);
}

ServerConnection::Next ServerConnection::parse(http::RequestHead& head) {
  incomplete_ = false;
  ParseOutcome outcome = parse_request_head(stream_->unread(), head, limits_.head);
  if (outcome.status == ParseStatus::kInvalid) {
    closes_ = true;
    return {Kind::kRefused, outcome.refusal, outcome.reason};
  }
  if (outcome.status == ParseStatus::kIncomplete) {
    incomplete_ = true;
    return {};
  }
  stream_->consume(outcome.bytes);
  reader_.begin(head.body);
  version_ = head.version;
  closes_ = !head.keep_alive;
  return {Kind::kRequest, 0, {}};
}

async::Task<ServerConnection::Next> ServerConnection::read_head(http::RequestHead& head) {
  reader_.finish_piece();
  if (!stream_->unread().empty()) {
    Next next = parse(head);
    if (!incomplete_) return next;
  }
  return wait_for_head(head);
}

async::Task<ServerConnection::Next> ServerConnection::wait_for_head(http::RequestHead& head) {
  bool begun = !stream_->unread().empty();
  SteadyTime deadline = reactor_.now() + limits_.head_arrival;
  for (;;) {
    auto left = std::chrono::duration_cast<Milliseconds>(deadline - reactor_.now());
    IoStatus status = co_await stream_->fill(begun ? std::max(left, Milliseconds(0)) : limits_.keep_alive);
    if (status == IoStatus::kTimeout && begun) co_return Next{Kind::kRefused, 408, "request_timeout"};
    if (status == IoStatus::kFull) co_return Next{Kind::kRefused, 431, "head_too_large"};
    if (status != IoStatus::kOk) co_return Next{Kind::kEnd, 0, {}};
    if (!begun) deadline = reactor_.now() + limits_.head_arrival;
    begun = true;
    Next next = parse(head);
    if (!incomplete_) co_return next;
  }
}

async::Task<Status> ServerConnection::send_interim(const http::ResponseHead& head) {
  if (version_ == http::Version::kHttp10) return Status{};  // RFC 9110 15.2
  write_response_head(writer_.buffer(), head, BodyLength::none(), Connection::kKeepAlive);
  return writer_.flush(limits_.send);
}

void ServerConnection::begin_response(const http::ResponseHead& head, BodyLength length) {
  bool old = version_ == http::Version::kHttp10;
  if (old && length.kind == BodyLength::Kind::kChunked) length = BodyLength::until_close();
  if (length.kind == BodyLength::Kind::kUntilClose) closes_ = true;
  Connection connection = closes_ ? Connection::kClose : old ? Connection::kKeepAliveForHttp10 : Connection::kKeepAlive;
  write_response_head(writer_.buffer(), head, length, connection);
  writer_.begin(length);
}

async::Task<bool> ServerConnection::drain_body(std::size_t limit) {
  std::size_t drained = 0;
  while (!reader_.ended()) {
    auto piece = co_await read_body();
    if (!piece) co_return false;
    drained += piece->bytes.size();
    if (drained > limit) co_return false;
  }
  co_return true;
}

async::Task<void> ServerConnection::linger() {
  constexpr Milliseconds kLongest{2'000};
  constexpr std::size_t kMostBytes = 1 << 20;
  stream_->shut_down_sending();
  SteadyTime deadline = reactor_.now() + kLongest;
  std::size_t dropped = 0;
  for (;;) {
    dropped += stream_->unread().size();
    stream_->consume(stream_->unread().size());
    if (dropped > kMostBytes || reactor_.now() >= deadline) co_return;
    if (co_await stream_->fill(kLongest) != IoStatus::kOk) co_return;
  }
}

}  // namespace sallyport::wire
