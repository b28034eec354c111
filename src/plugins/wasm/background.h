#pragma once
// A thread of low priority that does one job after the other: compiling, starting VMs, trying configurations.
// Destroying it waits for the job at work and drops the others.

#include "plugins/wasm/threads.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace sallyport::wasm {

class Background {
 public:
  static constexpr std::chrono::seconds kIdle{1};

  // `niceness` as in nice(1); threads that jobs start inherit it. `at_idle`: called by the thread when it has
  // done jobs and got no other for so long.
  explicit Background(int niceness, std::function<void()> at_idle = {});
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
  std::thread thread_;  // last: it uses everything above
};

}  // namespace sallyport::wasm
