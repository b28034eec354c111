#pragma once
// How long requests took, in microseconds, each to the exact one up to 200 ms.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

class Latencies final {
 public:
  void add(std::uint64_t nanoseconds) {
    ++count_;
    ++of_[std::min<std::uint64_t>(nanoseconds / 1000, of_.size() - 1)];
  }
  void clear() {
    count_ = 0;
    std::fill(of_.begin(), of_.end(), 0);
  }
  std::uint64_t count() const { return count_; }

  // The time within which `part` (0 to 1) of the requests were answered.
  std::uint64_t quantile(double part) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      seen += of_[i];
      if (static_cast<double>(seen) >= part * static_cast<double>(count_)) return i;
    }
    return of_.size();
  }

 private:
  std::vector<std::uint32_t> of_ = std::vector<std::uint32_t>(200'001);
  std::uint64_t count_ = 0;
};

}  // namespace bench
