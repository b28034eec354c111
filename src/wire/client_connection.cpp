#include "wire/client_connection.h"

#include <fmt/format.h>

namespace sallyport::wire {

using async::IoStatus;

ClientConnection::ClientConnection(async::StreamPtr stream)
    : stream_(std::move(stream)), reader_(*stream_, Side::kUpstream), writer_(*stream_, Side::kUpstream) {
  stream_->set_read_limit(limits_.bytes);
}

Status ClientConnection::begin_request(const RequestLine& line, const http::Headers& headers, http::BodyLength body,
                                       const ClientTimeouts& timeouts) {
  TRY_STATUS(write_request_head(writer_.buffer(), line, headers, body));
  timeouts_ = timeouts;
  method_ = line.method;
  sent_before_ = writer_.sent_bytes();
  response_begun_ = false;
  ++exchanges_;
  writer_.begin(body);
  return {};
}

bool ClientConnection::parse(http::ResponseHead& head, Status& result) {
  ParseOutcome outcome = parse_response_head(stream_->unread(), method_, head, limits_);
  if (outcome.status == ParseStatus::kIncomplete) return false;
  if (outcome.status == ParseStatus::kInvalid) {
    result = fail(Error{ErrorCode::kProtocol, fmt::format("the upstream's response is broken: {}", outcome.reason),
                        Side::kUpstream, Retry::kNever});
    return true;
  }
  stream_->consume(outcome.bytes);
  response_begun_ = true;
  keep_alive_ = head.keep_alive;
  if (head.status >= 200 || head.status == 101) reader_.begin(head.body);
  result = {};
  return true;
}

async::Task<Status> ClientConnection::read_head(http::ResponseHead& head) {
  Status result;
  if (!stream_->unread().empty() && parse(head, result)) return result;
  return wait_for_head(head);
}

async::Task<Status> ClientConnection::wait_for_head(http::ResponseHead& head) {
  for (;;) {
    IoStatus status = co_await stream_->fill(timeouts_.read);
    if (status != IoStatus::kOk) {
      bool late = status == IoStatus::kTimeout;
      co_return fail(Error{late                        ? ErrorCode::kTimeout
                           : status == IoStatus::kFull ? ErrorCode::kProtocol
                                                       : ErrorCode::kClosed,
                           late ? "the upstream did not answer in time" : "the upstream closed the connection",
                           Side::kUpstream, Retry::kNever});
    }
    Status result;
    if (parse(head, result)) co_return result;
  }
}

bool ClientConnection::is_reusable() noexcept {
  reader_.finish_piece();
  return keep_alive_ && reader_.ended() && writer_.ended() && stream_->is_quiet();
}

}  // namespace sallyport::wire
