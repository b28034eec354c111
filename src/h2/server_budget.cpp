#include "h2/server_budget.h"

#include <algorithm>

namespace sallyport::h2 {

bool Bucket::take(SteadyTime now) {
  std::chrono::duration<double> passed = now - filled_;
  filled_ = now;
  earn(passed.count() * allowance_.per_second);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

void Bucket::earn(double more) { left_ = std::min<double>(left_ + more, allowance_.at_once); }

bool ServerBudget::frame_begins(const nghttp2_frame_hd& head, SteadyTime now) {
  switch (head.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_RST_STREAM:  // counted where it ends a stream
      return true;
    case NGHTTP2_DATA:
      return head.length > 0 || (head.flags & NGHTTP2_FLAG_END_STREAM) != 0 || idle_.take(now);
    default:
      return idle_.take(now);
  }
}

}  // namespace sallyport::h2
