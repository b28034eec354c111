#pragma once
// A thread of low priority that does one job after the other: compiling, starting VMs, trying configurations.
// Destroying it waits for the job at work and drops the others.

#include "plugins/wasm/threads.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace sallyport::wasm {

class Background {
 public:
  // `niceness` as in nice(1); threads that jobs start inherit it.
  explicit Background(int niceness);
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background();

  void post(Message job);  // from any thread

 private:
  void run(int niceness);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Message> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sallyport::wasm
