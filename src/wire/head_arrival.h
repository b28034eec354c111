#pragma once
// Decides when a head that was incomplete deserves another look. Only a line feed completes one, and a look at every
// byte that drips in would cost the square of its length. A plain value.

#include <cstddef>
#include <string_view>

namespace sallyport::wire {

class HeadArrival {
 public:
  // For each state of the unread bytes, which only grow.
  bool deserves_look(std::string_view unread) noexcept {
    bool line_came = unread.substr(seen_).find('\n') != std::string_view::npos;
    seen_ = unread.size();
    if (!line_came && seen_ < 2 * looked_at_) return false;  // twice as much: what can be no head is refused early
    looked_at_ = seen_;
    return true;
  }

 private:
  std::size_t seen_ = 0;
  std::size_t looked_at_ = 0;
};

}  // namespace sallyport::wire
