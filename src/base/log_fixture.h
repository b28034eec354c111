#pragma once
// The lines that are logged while a unit test runs; no part of the product. One at a time: the sink belongs to the
// process. Lines of several threads are not kept apart, so they must not log at the same time.

#include "base/log.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::log {

class Capture {
 public:
  Capture() {
    lines().clear();
    set_level(Level::kDebug);
    set_sink([](Level level, std::string_view message) {
      lines().push_back(std::string(name(level)) + " " + std::string(message));
    });
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    set_sink(nullptr);
    set_level(Level::kInfo);
  }

  // "warn the message", since the last call.
  std::vector<std::string> take() { return std::exchange(lines(), {}); }

 private:
  static std::vector<std::string>& lines() {
    static std::vector<std::string> all;
    return all;
  }
};

}  // namespace sallyport::log
