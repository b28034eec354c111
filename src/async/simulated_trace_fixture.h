#pragma once
// What happened in a simulation: a digest of everything, and the last events in words. No part of the product.

#include "base/clock.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace sallyport::async {

class SimulatedTrace {
 public:
  // `what` is a literal; `who` and `amount` say which connection, how many bytes.
  void note(SteadyTime now, std::string_view what, std::uint64_t who, std::uint64_t amount) {
    for (char c : what) mix(static_cast<unsigned char>(c));
    mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    mix(who);
    mix(amount);
    ++events_;
    last_.push_back({now, what, who, amount});
    if (last_.size() > kKept) last_.pop_front();
  }

  std::uint64_t digest() const { return digest_; }
  std::size_t events() const { return events_; }
  std::string last_events() const {
    std::string lines;
    for (const Entry& entry : last_) {
      const auto since = std::chrono::duration<double, std::milli>(entry.at.time_since_epoch());
      lines += fmt::format("{:12.3f} ms  {} {} ({})\n", since.count(), entry.what, entry.who, entry.amount);
    }
    return lines;
  }

 private:
  static constexpr std::size_t kKept = 120;
  struct Entry {
    SteadyTime at;
    std::string_view what;
    std::uint64_t who;
    std::uint64_t amount;
  };
  // FNV-1a, a word at a time.
  void mix(std::uint64_t word) { digest_ = (digest_ ^ word) * 0x100000001b3u; }

  std::uint64_t digest_ = 0xcbf29ce484222325u;
  std::size_t events_ = 0;
  std::deque<Entry> last_;
};

}  // namespace sallyport::async
