#include "h2/client_stream.h"

#include "async/set_within.h"
#include "h2/request_block.h"
#include "wire/h1_framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sallyport::h2 {

using http::BodyLength;
using http::Chunk;
using http::FieldName;
using wire::BodyWriter;

namespace {

constexpr unsigned kMostInterims = 16;  // as on HTTP/1
constexpr std::size_t kMostFields = 200;
constexpr std::size_t kMostFieldBytes = 64 * 1024;
constexpr Milliseconds kBetweenDoubts{60'000};  // where nothing has to arrive in time

std::unexpected<Error> upstream_error(ErrorCode code, std::string what) {
  return fail(Error{code, std::move(what), Side::kUpstream, Retry::kNever});
}

}  // namespace

ClientStream::~ClientStream() {
  if (connection_) connection_->leave(*this);
}

// The request

Status ClientStream::begin_request(const wire::RequestLine& line, const http::Headers& headers, BodyLength body,
                                   const wire::ClientTimeouts& timeouts) {
  timeouts_ = timeouts;
  is_head_ = line.method == "HEAD";
  length_.begin(body);
  if (failure_) return fail(*failure_);
  RequestBlock block;
  TRY_STATUS(block.fill(line, connection_->scheme_, headers, body));
  TRY(id_, connection_->submit(block.fields(), !body.is_empty(), *this));
  all_given_ = body.is_empty();
  return {};
}

async::Task<Status> ClientStream::write(Chunk piece, BodyWriter::Flush flush) {
  if (failure_) return Status(fail(*failure_));
  if (is_closed_) return Status(upstream_error(ErrorCode::kClosed, "the upstream wants no more of the request"));
  if (Status counted = length_.count(piece.bytes.size(), piece.is_last); !counted) return counted;
  out_.append(piece.bytes);
  has_last_piece_ = piece.is_last;
  if (piece.is_last && piece.trailers) {
    out_trailers_.emplace(arena_);
    for (const http::Field& field : *piece.trailers) out_trailers_->add(field.name, field.value);
  }
  if (!all_given_) connection_->session_.resume(id_);
  if (flush == BodyWriter::Flush::kWhenLarge && !piece.is_last && pending() < kGather) return Status{};
  connection_->send();
  if (!failure_ && !must_wait(piece.is_last)) return Status{};
  return wait_until_taken(piece.is_last);
}

async::Task<Status> ClientStream::flush() {
  if (failure_) return Status(fail(*failure_));
  if (connection_) connection_->send();
  return Status{};
}

async::Task<Status> ClientStream::wait_until_taken(bool for_all) {
  while (!failure_ && !is_closed_ && must_wait(for_all)) {
    taken_.reset();
    if (!co_await async::set_within(connection_->reactor_, taken_, timeouts_.send)) {
      co_return upstream_error(ErrorCode::kTimeout, "the upstream did not take the data in time");
    }
  }
  if (failure_) co_return fail(*failure_);
  if (must_wait(for_all)) co_return upstream_error(ErrorCode::kClosed, "the upstream wants no more of the request");
  co_return Status{};
}

Offer ClientStream::offer(std::size_t most) {
  const std::size_t bytes = std::min(most, pending());
  Offer offer{bytes, has_last_piece_ && bytes == pending(), nullptr};
  if (offer.is_last) {
    offer.trailers = out_trailers_ ? &*out_trailers_ : nullptr;
    all_given_ = true;
  }
  return offer;
}

void ClientStream::take_offered(std::size_t bytes, std::string& to) {
  to.append(out_, out_at_, bytes);
  out_at_ += bytes;
  if (out_at_ == out_.size()) {
    out_.clear();
    out_at_ = 0;
  }
  if (all_given_ || pending() <= kGather) tell_writer();
}

// The response

bool ClientStream::take_head(http::ResponseHead& head, Status& result) {
  if (heads_read_ < heads_.size()) {
    fill(head, heads_[heads_read_++]);
    result = {};
    return true;
  }
  if (failure_) result = fail(*failure_);
  return failure_.has_value();
}

void ClientStream::fill(http::ResponseHead& head, const Section& section) const {
  Arena& arena = head.headers.arena();
  head.status = section.status;
  head.reason = {};
  head.version = http::Version::kHttp2;
  head.announced_length.reset();
  head.keep_alive = true;
  head.upgrade = {};
  for (const http::Field& field : section.fields) {
    head.headers.add_view(arena.copy(field.name), arena.copy(field.value), field.known);
  }
  if (section.ends_message || http::has_no_body(is_head_ ? "HEAD" : "GET", section.status)) {
    head.body = BodyLength::none();
    head.announced_length = section.length;
  } else {
    head.body = section.length ? BodyLength::sized(*section.length) : BodyLength::chunked();
  }
}

async::Task<Status> ClientStream::read_head(http::ResponseHead& head) {
  Status result;
  if (take_head(head, result)) return result;
  return wait_for_head(head);
}

// False: not in time.
async::Task<bool> ClientStream::has_arrived() {
  const bool has_time = timeouts_.read.count() == 0;
  arrived_.reset();
  if (co_await async::set_within(connection_->reactor_, arrived_, has_time ? kBetweenDoubts : timeouts_.read)) {
    co_return true;
  }
  connection_->doubt();
  co_return has_time;
}

async::Task<Status> ClientStream::wait_for_head(http::ResponseHead& head) {
  for (;;) {
    if (!co_await has_arrived()) {
      co_return upstream_error(ErrorCode::kTimeout, "the upstream did not answer in time");
    }
    Status result;
    if (take_head(head, result)) co_return result;
  }
}

void ClientStream::give_back_window() {
  if (lent_.empty()) return;
  if (connection_ && !is_closed_ && !is_ended_) {
    nghttp2_session_consume_stream(connection_->session_.raw(), id_, lent_.size());
    connection_->send();
  }
  lent_.clear();
}

bool ClientStream::read_arrived(Result<Chunk>& piece) {
  give_back_window();
  if (!in_.empty()) {
    std::swap(in_, lent_);
    piece = Chunk{lent_, is_ended_};
    return true;
  }
  if (is_ended_) {
    piece = Chunk{{}, true};
    return true;
  }
  if (failure_) piece = fail(*failure_);
  return failure_.has_value();
}

async::Task<Result<Chunk>> ClientStream::read_body() {
  Result<Chunk> piece;
  if (read_arrived(piece)) return piece;
  return wait_for_piece();
}

async::Task<Result<Chunk>> ClientStream::wait_for_piece() {
  for (;;) {
    if (!co_await has_arrived()) {
      failure_ = Error{ErrorCode::kTimeout, "the body did not arrive in time", Side::kUpstream};
    }
    Result<Chunk> piece;
    if (read_arrived(piece)) co_return piece;
  }
}

void ClientStream::trailers(http::Headers& into) const {
  if (!trailers_) return;
  for (const http::Field& field : trailers_->fields) into.add(field.name, field.value);
}

const async::Stream* ClientStream::carrier() const noexcept { return connection_ ? &connection_->socket() : nullptr; }

void ClientStream::abort() noexcept {
  if (failure_) return;
  fail_with(ErrorCode::kClosed, "the exchange was broken off");
  reset(NGHTTP2_CANCEL);
  if (connection_) {
    connection_->send();
    connection_->wake_later();
  }
}

// What the connection tells

void ClientStream::fields_begin() {
  response_begun_ = true;
  arriving_.emplace(arena_);
}

bool ClientStream::field_arrived(std::string_view name, std::string_view value) {
  if (!arriving_) return true;
  arriving_->bytes += name.size() + value.size();
  if (arriving_->bytes > kMostFieldBytes || arriving_->fields.size() == kMostFields) {
    fail_with(ErrorCode::kProtocol, "the upstream's response is broken: head_too_large");
    return false;
  }
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), arriving_->status);
    if (arriving_->status >= 100 && arriving_->status <= 599) return true;
    fail_with(ErrorCode::kProtocol, "the upstream's response is broken: bad_status");
    return false;
  }
  const FieldName known = http::known_field(name);
  if (known == FieldName::kContentLength) arriving_->length = wire::parse_content_length(value);
  const http::Field field{name, value, known};
  if (wire::is_framing(known) || (has_final_head_ && !wire::is_trailer(field))) return true;
  arriving_->fields.add_view(arena_.copy(name), arena_.copy(value), known);
  return true;
}

void ClientStream::fields_end() {
  if (!arriving_ || failure_) return;
  if (has_final_head_) {
    trailers_ = arriving_;
  } else {
    has_final_head_ = arriving_->status >= 200;
    heads_.push_back(*arriving_);
    if (!has_final_head_ && ++interims_ > kMostInterims) {
      fail_with(ErrorCode::kProtocol, "the upstream's response is broken: too_many_interim_responses");
      reset(NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
  arriving_.reset();
  tell_reader();
}

void ClientStream::data_arrived(std::string_view bytes) {
  in_.append(bytes);
  tell_reader();
}

void ClientStream::message_ended() {
  if (failure_) return;
  if (!trailers_ && in_.empty() && !heads_.empty() && heads_read_ < heads_.size()) heads_.back().ends_message = true;
  is_ended_ = true;
  tell_reader();
}

void ClientStream::refused(int error) {
  fail_with(ErrorCode::kProtocol, fmt::format("the upstream's response is broken: {}", describe(error)));
}

// `was_seen`: the peer may have looked at the request.
void ClientStream::closed(std::uint32_t code, bool was_seen) {
  is_closed_ = true;
  if (!has_left_) is_refused_ = true;
  tell_writer();
  if (is_ended_ || failure_) return;
  if (!was_seen || !has_left_) {
    is_refused_ = true;
    return fail_with(ErrorCode::kClosed, "the upstream ended the connection before it looked at the request");
  }
  if (code == NGHTTP2_REFUSED_STREAM) {
    is_refused_ = true;
    return fail_with(ErrorCode::kRefused, "the upstream refused the request before it looked at it");
  }
  const bool is_wrong = code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_HTTP_1_1_REQUIRED;
  fail_with(is_wrong ? ErrorCode::kProtocol : ErrorCode::kClosed,
            fmt::format("the upstream reset the stream: {}", name_of_code(code)));
}

void ClientStream::lost(const Error& error) {
  is_closed_ = true;
  if (!is_ended_ && !failure_) failure_ = error;
  tell_reader();
  tell_writer();
}

void ClientStream::fail_with(ErrorCode code, std::string what) {
  if (!failure_) failure_ = Error{code, std::move(what), Side::kUpstream, Retry::kNever};
  tell_reader();
  tell_writer();
}

void ClientStream::reset(std::uint32_t code) noexcept {
  if (connection_ && id_ > 0 && !is_closed_) connection_->session_.reset(id_, code);
}

void ClientStream::tell_reader() {
  if (connection_) connection_->wake(arrived_);
}

void ClientStream::tell_writer() {
  if (connection_) connection_->wake(taken_);
}

}  // namespace sallyport::h2
