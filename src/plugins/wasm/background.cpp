#include "plugins/wasm/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace sallyport::wasm {

Background::Background(int niceness, std::function<void()> at_idle)
    : at_idle_(std::move(at_idle)), thread_([this, niceness] { run(niceness); }) {}

Background::~Background() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Background::post(Message job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Background::run(int niceness) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  bool has_worked = false;
  auto is_due = [this] { return stopping_ || !jobs_.empty(); };
  std::unique_lock lock(mutex_);
  for (;;) {
    if (at_idle_ && has_worked && !wake_.wait_for(lock, kIdle, is_due)) {
      lock.unlock();
      at_idle_();
      lock.lock();
    }
    wake_.wait(lock, is_due);
    if (stopping_) return;
    Message job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    has_worked = true;
    lock.lock();
  }
}

}  // namespace sallyport::wasm
