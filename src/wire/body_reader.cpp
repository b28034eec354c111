#include "wire/body_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::wire {

using async::IoStatus;
using http::BodyLength;
using http::Chunk;

void BodyReader::begin(BodyLength length) {
  length_ = length;
  left_ = length.bytes;
  lent_ = 0;
  ended_ = length.is_empty();
  broken_ = false;
  if (length.kind == BodyLength::Kind::kChunked) chunked_ = ChunkedDecoder();
}

void BodyReader::finish_piece() {
  if (lent_ != 0) stream_.consume(std::exchange(lent_, 0));
}

std::unexpected<Error> BodyReader::broken(ErrorCode code, std::string what) {
  broken_ = true;
  return fail(Error{code, std::move(what), peer_, Retry::kNever});
}

Result<std::uint64_t> BodyReader::look_ahead() const {
  if (broken_) return fail(Error{ErrorCode::kClosed, "the body broke off before", peer_, Retry::kNever});
  std::string_view bytes = stream_.unread().substr(lent_);
  if (length_.kind == BodyLength::Kind::kSized) return std::min<std::uint64_t>(bytes.size(), left_);
  if (length_.kind != BodyLength::Kind::kChunked) return bytes.size();
  ChunkedDecoder decoder = chunked_;
  std::uint64_t arrived = 0;
  while (!bytes.empty()) {
    ChunkedDecoder::Step step = decoder.next(bytes);
    if (step.status == ParseStatus::kInvalid) {
      return fail(
          Error{ErrorCode::kProtocol, fmt::format("broken chunked body: {}", step.reason), peer_, Retry::kNever});
    }
    arrived += step.data.size();
    if (step.status == ParseStatus::kComplete) break;
    bytes.remove_prefix(step.consumed);
  }
  return arrived;
}

Result<Chunk> BodyReader::take_chunked() {
  for (;;) {
    ChunkedDecoder::Step step = chunked_.next(stream_.unread());
    if (step.status == ParseStatus::kInvalid) {
      return broken(ErrorCode::kProtocol, fmt::format("broken chunked body: {}", step.reason));
    }
    if (step.status == ParseStatus::kComplete) {
      stream_.consume(step.consumed);
      ended_ = true;
      return Chunk{{}, true};
    }
    if (!step.data.empty()) {
      lent_ = step.consumed;
      return Chunk{step.data, false};
    }
    if (step.consumed == 0) return Chunk{};
    stream_.consume(step.consumed);
  }
}

// What is there now; an empty piece that is not the last when nothing is.
Result<Chunk> BodyReader::take_arrived() {
  if (length_.kind == BodyLength::Kind::kChunked) return take_chunked();
  std::string_view bytes = stream_.unread();
  if (length_.kind == BodyLength::Kind::kSized) {
    bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_)));
    left_ -= bytes.size();
    ended_ = left_ == 0;
  }
  lent_ = bytes.size();
  return Chunk{bytes, ended_};
}

bool BodyReader::read_arrived(Result<Chunk>& piece) {
  finish_piece();
  if (ended_) {
    piece = Chunk{{}, true};
    return true;
  }
  if (broken_) {
    piece = broken(ErrorCode::kClosed, "the body broke off before");
    return true;
  }
  if (stream_.unread().empty()) return false;
  piece = take_arrived();
  return !piece || !piece->bytes.empty() || piece->is_last;
}

async::Task<Result<Chunk>> BodyReader::read(Milliseconds timeout) {
  Result<Chunk> piece;
  if (read_arrived(piece)) return piece;
  return wait_and_read(timeout);
}

Result<Chunk> BodyReader::end_of_stream(IoStatus status) {
  if (status == IoStatus::kTimeout) return broken(ErrorCode::kTimeout, "the body did not arrive in time");
  if (status == IoStatus::kEnd && length_.kind == BodyLength::Kind::kUntilClose) {
    ended_ = true;
    return Chunk{{}, true};
  }
  return broken(ErrorCode::kClosed, "the connection ended in the middle of the body");
}

async::Task<Result<Chunk>> BodyReader::wait_and_read(Milliseconds timeout) {
  for (;;) {
    IoStatus status = co_await stream_.fill(timeout);
    if (status != IoStatus::kOk) co_return end_of_stream(status);
    Result<Chunk> piece;
    if (read_arrived(piece)) co_return piece;
  }
}

}  // namespace sallyport::wire
