#pragma once
// Holds a body that leaves to the length which its head has told.

#include "base/result.h"
#include "http/message.h"

#include <cstddef>
#include <cstdint>

namespace sallyport::wire {

class ToldLength {
 public:
  void begin(http::BodyLength length) noexcept {
    length_ = length;
    left_ = length.bytes;
  }
  http::BodyLength::Kind kind() const noexcept { return length_.kind; }

  // A further piece. Error: kProtocol when a sized body is longer or shorter than was told.
  Status count(std::size_t bytes, bool is_last) {
    if (length_.kind != http::BodyLength::Kind::kSized) return {};
    if (bytes > left_) return fail(ErrorCode::kProtocol, "the body is longer than its announced length");
    left_ -= bytes;
    if (is_last && left_ != 0) return fail(ErrorCode::kProtocol, "the body is shorter than its announced length");
    return {};
  }

 private:
  http::BodyLength length_;
  std::uint64_t left_ = 0;  // of a sized body
};

}  // namespace sallyport::wire
