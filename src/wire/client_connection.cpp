#include "wire/client_connection.h"

#include "wire/head_arrival.h"

#include <fmt/format.h>

namespace sallyport::wire {

using async::IoStatus;

namespace {

constexpr unsigned kMostInterims = 16;  // an endless row of them would keep the exchange and its arena growing

std::unexpected<Error> broken_response(std::string_view reason) {
  return fail(Error{ErrorCode::kProtocol, fmt::format("the upstream's response is broken: {}", reason), Side::kUpstream,
                    Retry::kNever});
}

}  // namespace

ClientConnection::ClientConnection(async::StreamPtr stream)
    : stream_(std::move(stream)), reader_(*stream_, Side::kUpstream), writer_(*stream_, Side::kUpstream) {
  stream_->set_read_limit(limits_.bytes);
}

Status ClientConnection::begin_request(const RequestLine& line, const http::Headers& headers, http::BodyLength body,
                                       const ClientTimeouts& timeouts) {
  TRY_STATUS(write_request_head(writer_.buffer(), line, headers, body));
  timeouts_ = timeouts;
  method_ = line.method;
  sent_before_ = stream_->sent_bytes();
  response_begun_ = false;
  interims_ = 0;
  ++exchanges_;
  writer_.begin(body);
  return {};
}

bool ClientConnection::parse(http::ResponseHead& head, Status& result) {
  ParseOutcome outcome = parse_response_head(stream_->unread(), method_, head, limits_);
  if (outcome.status == ParseStatus::kIncomplete) return false;
  if (outcome.status == ParseStatus::kInvalid) {
    result = broken_response(outcome.reason);
    return true;
  }
  stream_->consume(outcome.bytes);
  response_begun_ = true;
  keep_alive_ = head.keep_alive;
  bool is_interim = head.status < 200 && head.status != 101;
  if (!is_interim) reader_.begin(head.body);
  result = {};
  if (is_interim && ++interims_ > kMostInterims) result = broken_response("too_many_interim_responses");
  return true;
}

async::Task<Status> ClientConnection::read_head(http::ResponseHead& head) {
  Status result;
  if (!stream_->unread().empty() && parse(head, result)) return result;
  return wait_for_head(head);
}

async::Task<Status> ClientConnection::wait_for_head(http::ResponseHead& head) {
  HeadArrival arrival;
  for (;;) {
    IoStatus status = co_await stream_->fill(timeouts_.read);
    if (status == IoStatus::kTimeout) {
      co_return fail(Error{ErrorCode::kTimeout, "the upstream did not answer in time", Side::kUpstream, Retry::kNever});
    }
    if (status != IoStatus::kOk && status != IoStatus::kFull) {
      co_return fail(Error{ErrorCode::kClosed, "the upstream closed the connection", Side::kUpstream, Retry::kNever});
    }
    if (!arrival.deserves_look(stream_->unread()) && status == IoStatus::kOk) continue;
    Status result;
    if (parse(head, result)) co_return result;
    if (status == IoStatus::kFull) co_return broken_response("head_too_large");
  }
}

bool ClientConnection::is_reusable() noexcept {
  reader_.finish_piece();
  return keep_alive_ && reader_.ended() && writer_.ended() && stream_->is_quiet();
}

}  // namespace sallyport::wire
