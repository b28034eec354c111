#pragma once
// A thread of low priority that does one job after the other: compiling, starting VMs, trying configurations. Or some
// threads, which take them in their order. Destroying it waits for the jobs at work and drops the others.

#include "plugins/wasm/threads.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport::wasm {

class Background {
 public:
  static constexpr std::chrono::seconds kIdle{1};

  // `niceness` as in nice(1); threads that jobs start inherit it. `at_idle`: called by a thread when it has
  // done jobs and got no other for so long.
  explicit Background(int niceness, std::function<void()> at_idle = {}, std::size_t threads = 1);
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background();

  void post(Message job);  // from any thread

 private:
  void run(int niceness);

  const std::function<void()> at_idle_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Message> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace sallyport::wasm
