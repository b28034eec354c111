#pragma once
// The order of a client's streams (RFC 9113 5.1.1): each has a greater number than those before. What was left out
// stays closed; nghttp2 takes it for a stream that it has forgotten. A plain value.

#include "h2/session.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sallyport::h2 {

class ServerIds {
 public:
  // Of HEADERS: of a new stream, or of one that there was. False: of one that was left out.
  bool accept(StreamId id) {
    if (id <= last_) {
      return std::ranges::none_of(gaps_, [id](const auto& gap) { return gap.first <= id && id <= gap.second; });
    }
    if (id > last_ + 2 && gaps_.size() < kMostGaps) gaps_.emplace_back(last_ + 2, id - 2);
    last_ = id;
    return true;
  }

 private:
  static constexpr std::size_t kMostGaps = 16;  // sane clients leave none

  StreamId last_ = -1;
  std::vector<std::pair<StreamId, StreamId>> gaps_;
};

}  // namespace sallyport::h2
