#include "wire/body_writer.h"

#include "wire/h1.h"

#include <array>

namespace sallyport::wire {

using async::IoStatus;
using http::BodyLength;
using http::Chunk;

void BodyWriter::begin(BodyLength length) {
  length_ = length;
  left_ = length.bytes;
  ended_ = false;
}

Status BodyWriter::account(std::size_t bytes, bool is_last) {
  if (length_.kind != BodyLength::Kind::kSized) return {};
  if (bytes > left_) return fail(ErrorCode::kProtocol, "the body is longer than its announced length");
  left_ -= bytes;
  if (is_last && left_ != 0) return fail(ErrorCode::kProtocol, "the body is shorter than its announced length");
  return {};
}

async::Task<Status> BodyWriter::write(Chunk piece, Flush flush, Milliseconds timeout) {
  if (auto counted = account(piece.bytes.size(), piece.is_last); !counted) return counted;
  if (piece.is_last) ended_ = true;
  bool chunked = length_.kind == BodyLength::Kind::kChunked;
  bool gathers = gathered_.size() + piece.bytes.size() <= kGather || chunked;
  if (gathers) {
    if (chunked) {
      write_chunk(gathered_, piece.bytes);
      if (piece.is_last) write_last_chunk(gathered_);
    } else {
      gathered_.append(piece.bytes);
    }
    bool wait_for_more = !piece.is_last && flush == Flush::kWhenLarge && gathered_.size() < kGather;
    if (wait_for_more || gathered_.empty()) return Status{};
    return send({}, timeout);
  }
  return send(piece.bytes, timeout);
}

async::Task<Status> BodyWriter::flush(Milliseconds timeout) {
  if (gathered_.empty()) return Status{};
  return send({}, timeout);
}

async::Task<Status> BodyWriter::send(std::string_view tail, Milliseconds timeout) {
  std::array<std::string_view, 2> pieces{gathered_, tail};
  std::size_t bytes = gathered_.size() + tail.size();
  if (stream_.start_send(operation_, pieces, timeout)) return done(operation_.status, bytes);
  return wait_until_sent(bytes);
}

async::Task<Status> BodyWriter::wait_until_sent(std::size_t bytes) {
  IoStatus status = co_await stream_.pending(operation_);
  co_return done(status, bytes);
}

Status BodyWriter::done(IoStatus status, std::size_t bytes) {
  gathered_.clear();
  if (status == IoStatus::kOk) {
    sent_ += bytes;
    return {};
  }
  ended_ = true;
  bool late = status == IoStatus::kTimeout;
  return fail(Error{late ? ErrorCode::kTimeout : ErrorCode::kClosed,
                    late ? "the peer did not take the data in time" : "the peer closed the connection", peer_,
                    Retry::kNever});
}

}  // namespace sallyport::wire
