#include "wire/body_writer.h"

#include "wire/h1.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wire {

using async::IoStatus;
using http::BodyLength;
using http::Chunk;

namespace {

// What the messages of this thread are gathered in; the last one used comes first. One is enough while no message waits
// for its peer; on io_uring all that are sent in a turn wait for its end.
constexpr std::size_t kMostSpare = 256;
std::vector<std::unique_ptr<std::string>>& spare_buffers() noexcept {
  thread_local std::vector<std::unique_ptr<std::string>> spare;
  return spare;
}

}  // namespace

std::string& BodyWriter::buffer() {
  if (gathered_) return *gathered_;
  auto& spare = spare_buffers();
  if (spare.empty()) {
    gathered_ = std::make_unique<std::string>();
  } else {
    gathered_ = std::move(spare.back());
    spare.pop_back();
  }
  return *gathered_;
}

void BodyWriter::clear() noexcept {
  constexpr std::size_t kKeep = 4 * kGather;  // what once held a large head is given back
  if (!gathered_) return;
  gathered_->clear();
  auto buffer = std::move(gathered_);
  auto& spare = spare_buffers();
  if (spare.size() < kMostSpare && buffer->capacity() <= kKeep) spare.push_back(std::move(buffer));
}

void BodyWriter::begin(BodyLength length) {
  length_.begin(length);
  has_last_piece_ = false;
  ended_ = false;
}

BodyWriter::Tail BodyWriter::gather(Chunk piece) {
  std::string& to = buffer();
  bool is_small = to.size() + piece.bytes.size() <= kGather;
  if (length_.kind() != BodyLength::Kind::kChunked) {
    if (!is_small) return {piece.bytes, {}};
    to.append(piece.bytes);
    return {};
  }
  if (!is_small && !piece.bytes.empty() && !piece.trailers) {
    write_chunk_size(to, piece.bytes.size());
    return {piece.bytes, piece.is_last ? "\r\n0\r\n\r\n" : "\r\n"};
  }
  write_chunk(to, piece.bytes);
  if (piece.is_last) write_last_chunk(to, piece.trailers);
  return {};
}

async::Task<Status> BodyWriter::write(Chunk piece, Flush flush, Milliseconds timeout) {
  if (auto counted = length_.count(piece.bytes.size(), piece.is_last); !counted) return counted;
  has_last_piece_ = piece.is_last;
  Tail tail = gather(piece);
  bool may_wait = flush == Flush::kWhenLarge && !piece.is_last && tail.piece.empty() && gathered().size() < kGather;
  if (may_wait) return Status{};
  return send(tail, timeout);
}

async::Task<Status> BodyWriter::flush(Milliseconds timeout) { return send({}, timeout); }

async::Task<Status> BodyWriter::send(Tail tail, Milliseconds timeout) {
  if (broken_) return Status(broken(false));
  if (gathered().empty() && tail.piece.empty()) return done(IoStatus::kOk);
  std::array<std::string_view, 3> pieces{gathered(), tail.piece, tail.framing};
  if (stream_.start_send(operation_, pieces, timeout)) return done(operation_.status);
  return wait_until_sent();
}

async::Task<Status> BodyWriter::wait_until_sent() {
  IoStatus status = co_await stream_.pending(operation_);
  co_return done(status);
}

Status BodyWriter::done(IoStatus status) {
  clear();
  broken_ = status != IoStatus::kOk;
  if (broken_) return broken(status == IoStatus::kTimeout);
  ended_ = ended_ || has_last_piece_;
  return {};
}

std::unexpected<Error> BodyWriter::broken(bool late) const {
  return fail(Error{late ? ErrorCode::kTimeout : ErrorCode::kClosed,
                    late ? "the peer did not take the data in time" : "the peer closed the connection", peer_,
                    Retry::kNever});
}

}  // namespace sallyport::wire
