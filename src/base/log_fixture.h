#pragma once
// The lines that are logged while a unit test runs; no part of the product. One at a time: the sink belongs to the
// process. Lines of several threads are not kept apart, so they must not log at the same time.

#include "base/log.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::log {

class Capture {
 public:
  Capture() {
    kept().clear();
    set_level(Level::kDebug);
    set_sink([](Level level, std::string_view message) {
      kept().push_back(std::string(name(level)) + " " + std::string(message));
    });
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    set_sink(nullptr);
    set_level(Level::kInfo);
  }

  // "warn the message", since the last call.
  std::vector<std::string> take() { return std::exchange(kept(), {}); }

  const std::vector<std::string>& lines() const { return kept(); }
  bool has(std::string_view part) const {
    return std::ranges::any_of(kept(), [&](const std::string& line) { return line.contains(part); });
  }

 private:
  static std::vector<std::string>& kept() {
    static std::vector<std::string> all;
    return all;
  }
};

}  // namespace sallyport::log
