#pragma once
// Loops of each kind for unit tests; no part of the product.

#include "async/open_reactor.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::async {

// The kinds that run on this machine; says so when one does not.
inline std::vector<ReactorKind> reactor_kinds() {
  std::vector<ReactorKind> kinds{ReactorKind::kEpoll};
  auto uring = open_reactor(ReactorKind::kIoUring);
  if (uring) {
    kinds.push_back(ReactorKind::kIoUring);
  } else {
    std::fprintf(stderr, "NOT TESTED: io_uring, because %s\n", uring.error().what.c_str());
  }
  return kinds;
}

inline std::string kind_name(const testing::TestParamInfo<ReactorKind>& info) { return std::string(name(info.param)); }

// What tests that are not about the loop itself run on: epoll, or what SALLYPORT_REACTOR names.
inline std::unique_ptr<Reactor> usual_reactor() {
  const char* wanted = std::getenv("SALLYPORT_REACTOR");
  if (wanted && std::string_view(wanted) == "io_uring") {
    if (auto uring = open_reactor(ReactorKind::kIoUring)) return std::move(*uring);
    std::fprintf(stderr, "NOT TESTED: io_uring, as it does not work here\n");
  }
  return open_reactor(ReactorKind::kEpoll).value();
}

}  // namespace sallyport::async
