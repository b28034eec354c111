#include "response_reader.h"

#include "head_text.h"

#include <cstring>

namespace bench {
namespace {

constexpr std::size_t kDateLength = 29;  // Sat, 21 Nov 2026 07:16:34 GMT
constexpr std::size_t kLongestHead = 65536;

}  // namespace

std::string Expectation::header_line(std::string_view header) { return "\r\n" + in_lower_case(header) + "\r\n"; }

void KnownHead::learn(std::string_view head, std::size_t body_size, bool closes) {
  bytes_ = head;
  closes_ = closes;
  body_size_ = body_size;
  const std::size_t name = in_lower_case(head).find("\r\ndate: ");
  date_ = name == std::string::npos ? head.size() : name + 8;
}

bool KnownHead::is_at_start_of(std::string_view bytes) const {
  if (bytes_.empty() || bytes.size() < bytes_.size()) return false;
  if (std::memcmp(bytes.data(), bytes_.data(), date_) != 0) return false;
  const std::size_t after = date_ + kDateLength;
  return after >= bytes_.size() || std::memcmp(bytes.data() + after, bytes_.data() + after, bytes_.size() - after) == 0;
}

void ResponseReader::restart() {
  has_head_ = false;
  held_.clear();
  body_got_ = 0;
}

ResponseReader::State ResponseReader::take(std::string_view bytes) {
  if (has_head_) return take_body(bytes);
  if (held_.empty() && known_.is_at_start_of(bytes)) {
    has_head_ = true;
    body_size_ = known_.body_size();
    closes_ = known_.closes();
    return take_body(bytes.substr(known_.size()));
  }
  return take_head(bytes);
}

ResponseReader::State ResponseReader::take_head(std::string_view bytes) {
  held_.append(bytes);
  const std::size_t end = held_.find("\r\n\r\n");
  if (end == std::string::npos) return held_.size() > kLongestHead ? wrong("the head does not end") : State::kMore;
  const std::string head = held_.substr(0, end + 4);
  const std::string lower = in_lower_case(head);
  if (lower.compare(0, 9, "http/1.1 ") != 0 || lower.compare(9, 3, expected_.status) != 0) {
    return wrong("not the expected status");
  }
  for (const std::string& line : expected_.headers) {
    if (lower.find(line) == std::string::npos) return wrong("without the expected header");
  }
  const auto length = content_length(lower);
  if (!length) return wrong("without Content-Length");
  closes_ = lower.find("\r\nconnection: close\r\n") != std::string::npos;
  known_.learn(head, *length, closes_);
  has_head_ = true;
  body_size_ = *length;
  return take_body(std::string_view(held_).substr(end + 4));
}

ResponseReader::State ResponseReader::take_body(std::string_view bytes) {
  if (body_got_ + bytes.size() > body_size_) return wrong("more bytes than Content-Length says");
  if (!expected_.body.empty() && expected_.body.compare(body_got_, bytes.size(), bytes) != 0) {
    return wrong("not the expected body");
  }
  body_got_ += bytes.size();
  if (body_got_ < body_size_) return State::kMore;
  if (!expected_.body.empty() && body_size_ != expected_.body.size()) return wrong("a shorter body than expected");
  restart();
  return State::kComplete;
}

ResponseReader::State ResponseReader::wrong(std::string reason) {
  reason_ = "a response " + std::move(reason) + (held_.empty() ? "" : ":\n" + held_);
  return State::kWrong;
}

}  // namespace bench
