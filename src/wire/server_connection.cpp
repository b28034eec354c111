#include "wire/server_connection.h"

#include "wire/head_arrival.h"

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
  response_begun_ = false;
  closes_ = !head.keep_alive;
  return {Kind::kRequest, 0, {}, outcome.bytes};
}

async::Task<bool> ServerConnection::wait_for_request() { co_return co_await first_bytes(); }

async::Task<ServerConnection::Next> ServerConnection::read_head(http::RequestHead& head) {
  reader_.finish_piece();
  if (!stream_->unread().empty()) {
    Next next = parse(head);
    if (!incomplete_) return next;
  }
  return wait_for_head(head);
}

async::Task<ServerConnection::Next> ServerConnection::wait_for_head(http::RequestHead& head) {
  HeadArrival arrival;
  bool begun = !stream_->unread().empty();
  SteadyTime deadline = reactor_.now() + limits_.head_arrival;
  for (;;) {
    IoStatus status = co_await stream_->fill(begun ? reactor_.until(deadline) : limits_.keep_alive);
    if (status == IoStatus::kTimeout && begun) co_return Next{Kind::kRefused, 408, "request_timeout"};
    if (status != IoStatus::kOk && status != IoStatus::kFull) co_return Next{};
    if (!begun) deadline = reactor_.now() + limits_.head_arrival;
    begun = true;
    if (!arrival.deserves_look(stream_->unread()) && status == IoStatus::kOk) continue;
    Next next = parse(head);
    if (!incomplete_) co_return next;
    if (status == IoStatus::kFull) co_return Next{Kind::kRefused, 431, "head_too_large"};
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
  ends_with_connection_ = length.kind == BodyLength::Kind::kUntilClose;
  if (ends_with_connection_) closes_ = true;
  Connection connection = closes_ ? Connection::kClose : old ? Connection::kKeepAliveForHttp10 : Connection::kKeepAlive;
  write_response_head(writer_.buffer(), head, length, connection);
  writer_.begin(length);
  response_begun_ = true;
}

void ServerConnection::break_off() noexcept {
  closes_ = true;
  if (ends_with_connection_) stream_->break_at_end();
}

async::Task<bool> ServerConnection::drain_body(std::size_t limit) {
  constexpr Milliseconds kLongest{5'000};
  SteadyTime deadline = reactor_.now() + kLongest;
  std::size_t drained = 0;
  while (!reader_.ended()) {
    auto piece = co_await reader_.read(reactor_.until(deadline));
    if (!piece) co_return false;
    drained += piece->bytes.size();
    if (drained > limit || reactor_.now() >= deadline) co_return false;
  }
  co_return true;
}

async::Task<void> ServerConnection::linger(Milliseconds longest) {
  constexpr std::size_t kMostBytes = 1 << 20;
  stream_->shut_down_sending();
  SteadyTime deadline = reactor_.now() + longest;
  std::size_t dropped = 0;
  for (;;) {
    dropped += stream_->unread().size();
    stream_->consume(stream_->unread().size());
    if (dropped > kMostBytes || reactor_.now() >= deadline) co_return;
    if (co_await stream_->fill(reactor_.until(deadline)) != IoStatus::kOk) co_return;
  }
}

}  // namespace sallyport::wire
