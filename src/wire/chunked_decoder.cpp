#include "base/bytes.h"
#include "wire/h1.h"
#include "wire/h1_framing.h"
#include "wire/h1_syntax.h"

#include <algorithm>

namespace sallyport::wire {
namespace {

constexpr unsigned kMostSizeDigits = 16;
constexpr std::uint64_t kMostSize = INT64_MAX;
constexpr std::size_t kSizeLineBytes = 512;
constexpr std::size_t kTrailerBytes = 8 * 1024;

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view bytes) {
  Step step;
  while (step.consumed < bytes.size() && state_ != State::kEnded && state_ != State::kBroken) {
    if (state_ == State::kData) {
      step.data = take_data(bytes.substr(step.consumed));
      step.consumed += step.data.size();
      return step;
    }
    accept(bytes[step.consumed++]);
  }
  if (state_ == State::kEnded) step.status = ParseStatus::kComplete;
  if (state_ == State::kBroken) step.status = ParseStatus::kInvalid;
  step.reason = reason_;
  return step;
}

std::string_view ChunkedDecoder::take_data(std::string_view bytes) {
  std::string_view data = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(size_, bytes.size())));
  size_ -= data.size();
  if (size_ == 0) state_ = State::kDataCr;
  return data;
}

void ChunkedDecoder::accept(char c) {
  switch (state_) {
    case State::kSize:
      return accept_in_size(c);
    case State::kExtension:
      return accept_in_extension(c);
    case State::kSizeLf:
      return expect(c, '\n', size_ != 0 ? State::kData : State::kTrailerStart);
    case State::kDataCr:
      return expect(c, '\r', State::kDataLf);
    case State::kDataLf:
      start_size_line();
      return expect(c, '\n', State::kSize);
    case State::kTrailerStart:
      if (c == '\r') return expect(c, '\r', State::kEndLf);
      line_at_ = trailer_lines_.size();
      state_ = State::kTrailer;
      return accept_in_trailer(c);
    case State::kTrailer:
      return accept_in_trailer(c);
    case State::kEndLf:
      return expect(c, '\n', State::kEnded);
    case State::kData:
    case State::kEnded:
    case State::kBroken:
      return;
  }
}

void ChunkedDecoder::start_size_line() {
  size_digits_ = 0;
  line_bytes_ = 0;
  extension_ = {};
}

void ChunkedDecoder::accept_in_size(char c) {
  if (auto digit = hex_value(c)) {
    size_ = size_ << 4 | *digit;
    if (++size_digits_ > kMostSizeDigits || size_ > kMostSize) refuse("chunk_size_too_large");
    return;
  }
  if (size_digits_ == 0) return refuse("bad_chunk_size");
  state_ = State::kExtension;
  accept_in_extension(c);
}

void ChunkedDecoder::accept_in_extension(char c) {
  if (c == '\r' && extension_.may_end()) return expect(c, '\r', State::kSizeLf);
  if (++line_bytes_ > kSizeLineBytes) return refuse("chunk_extension_too_long");
  if (!extension_.accept(c)) refuse(c == '\n' ? "bare_lf" : "bad_chunk_size");
}

// Lines are kept as they came and each is judged at its end.
void ChunkedDecoder::accept_in_trailer(char c) {
  if (trailer_lines_.size() == kTrailerBytes) return refuse("trailers_too_large");
  trailer_lines_.push_back(c);
  if (c != '\n') return;
  http::Field field;
  HeadReader in{trailer_lines_.data() + line_at_, trailer_lines_.data() + trailer_lines_.size()};
  if (read_field_line(in, field) == Progress::kDone) {
    state_ = State::kTrailerStart;
  } else {
    refuse("bad_trailer");
  }
}

void ChunkedDecoder::expect(char c, char wanted, State next) {
  if (c != wanted) return refuse("bad_chunk_end");
  state_ = next;
}

void ChunkedDecoder::refuse(std::string_view reason) {
  state_ = State::kBroken;
  reason_ = reason;
}

void ChunkedDecoder::trailers(http::Headers& into) const {
  HeadReader in{trailer_lines_.data(), trailer_lines_.data() + trailer_lines_.size()};
  http::Field field;
  while (in.at != in.end && read_field_line(in, field) == Progress::kDone) {
    if (is_trailer(field)) into.add(field.name, field.value);
  }
}

}  // namespace sallyport::wire
