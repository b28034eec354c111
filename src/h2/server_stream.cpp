#include "h2/server_stream.h"

#include "h2/fields.h"
#include "h2/server_connection.h"
#include "wire/h1_framing.h"

#include <algorithm>
#include <utility>

namespace sallyport::h2 {

using http::BodyLength;
using http::Chunk;

namespace {

constexpr std::size_t kGather = 16 * 1024;  // what is written in smaller pieces leaves with others

bool set_once(async::Event& event) {
  if (event.is_set()) return false;
  event.set();
  return true;
}

// True while somebody waits, also where the wait is dropped.
class Waiting {
 public:
  explicit Waiting(bool& flag) : flag_(flag) { flag_ = true; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

ServerStream::ServerStream(ServerConnection& connection, StreamId id)
    : connection_(connection), id_(id), head_(arena_, connection.limits()) {}

std::unexpected<Error> ServerStream::broken(ErrorCode code, std::string what) const {
  return fail(Error{code, std::move(what), Side::kDownstream, Retry::kNever});
}

async::Task<Result<Chunk>> ServerStream::read_body() { return read(connection_.times().body_piece); }

// The client may send as much more.
void ServerStream::finish_piece() {
  if (lent_.empty()) return;
  if (!closed_) connection_.consume(id_, lent_.size());
  lent_.clear();
}

// The end of an announced length is not handed on before the end of the stream: should more come, this was no request
// (RFC 9113 8.1.1), and nobody may have got it whole.
bool ServerStream::has_piece() const noexcept {
  if (request_ended_) return true;
  const BodyLength& length = head_.head().body;
  bool waits_for_end = length.kind == BodyLength::Kind::kSized && arrived_in_all_ >= length.bytes;
  return !arrived_.empty() && !waits_for_end;
}

bool ServerStream::read_arrived(Result<Chunk>& piece) {
  finish_piece();
  if (read_late_) {
    piece = broken(ErrorCode::kTimeout, "the body did not arrive in time");
  } else if (has_piece()) {
    lent_.swap(arrived_);
    read_to_end_ = request_ended_;
    piece = Chunk{lent_, read_to_end_};
  } else if (closed_) {
    piece = broken(ErrorCode::kClosed, "the client ended the stream in the middle of the body");
  } else {
    return false;
  }
  return true;
}

async::Task<Result<Chunk>> ServerStream::read(Milliseconds timeout) {
  Result<Chunk> piece;
  if (read_arrived(piece)) return piece;
  return wait_and_read(timeout);
}

async::Task<Result<Chunk>> ServerStream::wait_and_read(Milliseconds timeout) {
  Result<Chunk> piece;
  Waiting waiting(reading_);
  while (!read_arrived(piece)) {
    read_by_ = connection_.now() + timeout;
    readable_.reset();
    co_await readable_;
  }
  co_return piece;
}

void ServerStream::trailers(http::Headers& into) const {
  for (const auto& [name, value] : trailers_) into.add(name, value);
}

// Those that mean something in a head only are left out (RFC 9110 6.5.1).
void ServerStream::trailer_arrived(std::string_view name, std::string_view value) {
  if (wire::is_trailer({name, value, http::known_field(name), true})) trailers_.emplace_back(name, value);
}

async::Task<Status> ServerStream::send_interim(const http::ResponseHead& head) {
  if (closed_) return Status(broken(ErrorCode::kClosed, "the client ended the stream"));
  FieldBlock block;
  block.add_status(head.status);
  block.add_fields(head.headers);
  connection_.send_interim(id_, block);
  return Status{};
}

void ServerStream::begin_response(const http::ResponseHead& head, BodyLength length) {
  response_begun_ = true;
  length_.begin(length);
  if (closed_) return;
  FieldBlock block;
  block.add_status(head.status);
  block.add_fields(head.headers);
  bool is_sized = length.kind == BodyLength::Kind::kSized;
  bool announces = length.kind == BodyLength::Kind::kNone && head.announced_length && head.status >= 200;
  if (is_sized && head.status != 204) block.add_length(length.bytes);
  if (announces && head.status != 204) block.add_length(*head.announced_length);
  connection_.send_response(id_, block, !length.is_empty());
}

// Nothing more of the response leaves, and what is written of it may go.
void ServerStream::forget_response() noexcept {
  gathered_.clear();
  gathered_at_ = 0;
  tail_ = {};
  has_last_ = false;
  response_trailers_ = nullptr;
}

Status ServerStream::taken() {
  if (write_late_) return broken(ErrorCode::kTimeout, "the client did not take the data in time");
  if (!is_taken()) return broken(ErrorCode::kClosed, "the client ended the stream");
  return {};
}

async::Task<Status> ServerStream::write(Chunk piece, wire::BodyWriter::Flush) {
  if (auto counted = length_.count(piece.bytes.size(), piece.is_last); !counted) return counted;
  if (closed_) return Status(broken(ErrorCode::kClosed, "the client ended the stream"));
  if (gathered_.size() - gathered_at_ + piece.bytes.size() <= kGather) {
    gathered_ += piece.bytes;
  } else {
    tail_ = piece.bytes;
  }
  has_last_ = piece.is_last;
  response_trailers_ = piece.trailers;
  connection_.resume(id_);
  if (is_taken()) return Status{};
  return wait_until_taken();
}

// At the latest when the turn of the loop ends, what the client's windows let through leaves.
async::Task<Status> ServerStream::wait_until_taken() {
  Waiting waiting(writing_);
  write_since_ = connection_.now();
  write_from_ = connection_.stream().sent_bytes();
  write_by_ = write_since_ + connection_.times().send;
  while (!is_taken() && !closed_ && !write_late_) {
    taken_.reset();
    co_await taken_;
  }
  write_waited_ += connection_.now() - write_since_;
  write_bytes_ += connection_.stream().sent_bytes() - write_from_;
  co_return taken();
}

async::Task<Status> ServerStream::flush() { return Status{}; }

Offer ServerStream::offer(std::size_t most) const noexcept {
  std::size_t gathered = gathered_.size() - gathered_at_;
  std::size_t all = gathered + tail_.size();
  std::size_t bytes = std::min(most, all);
  if (bytes < all || !has_last_) return {bytes, false, nullptr};
  return {bytes, true, response_trailers_};
}

void ServerStream::take(std::size_t bytes, std::string& to) {
  std::size_t first = std::min(bytes, gathered_.size() - gathered_at_);
  to.append(gathered_, gathered_at_, first);
  gathered_at_ += first;
  if (gathered_at_ == gathered_.size()) {
    gathered_.clear();
    gathered_at_ = 0;
  }
  to.append(tail_.substr(0, bytes - first));
  tail_.remove_prefix(bytes - first);
  write_by_ = connection_.now() + connection_.times().send;
}

void ServerStream::frame_sent(const nghttp2_frame_hd& head) {
  constexpr std::size_t kFrameHead = 9;
  if (head.type != NGHTTP2_DATA && head.type != NGHTTP2_HEADERS) return;
  sent_bytes_ += kFrameHead + head.length;
  if ((head.flags & NGHTTP2_FLAG_END_STREAM) != 0) response_ended_ = true;
}

bool ServerStream::passes_limits(std::string_view name, std::string_view value) noexcept {
  constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 6.5.2
  trailer_bytes_ += name.size() + value.size() + kFieldOverhead;
  return trailers_.size() < connection_.limits().fields && trailer_bytes_ <= connection_.limits().head_bytes;
}

// One thing at a time: whoever is resumed may end the stream.
bool ServerStream::wake() {
  if (writing_ && (is_taken() || write_late_) && set_once(taken_)) return true;
  if (closed_ && !response_ended_ && serving_ && set_once(lost_)) return true;
  return reading_ && (has_piece() || closed_ || read_late_) && set_once(readable_);
}

void ServerStream::check_deadline(SteadyTime now) {
  if (reading_ && now >= read_by_) read_late_ = true;
  if (writing_ && (now >= write_by_ || is_too_slow(now))) write_late_ = true;
}

// A client may open its window by a byte at a time. Streams that share a slow connection are not each to blame for it,
// so that its bytes count.
bool ServerStream::is_too_slow(SteadyTime now) const {
  const std::uint64_t taken = write_bytes_ + (connection_.stream().sent_bytes() - write_from_);
  return wire::falls_behind(connection_.times().response_rate, write_waited_ + (now - write_since_), taken);
}

}  // namespace sallyport::h2
