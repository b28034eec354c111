#pragma once
// What other threads tell a loop. `post` may be called from any thread; everything else belongs to the loop's own.

#include <functional>
#include <mutex>
#include <vector>

namespace sallyport::async {

class Inbox {
 public:
  Inbox();  // throws std::runtime_error when there is no eventfd to be had
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  void post(std::move_only_function<void()> message);

  // An eventfd that becomes readable when there are messages; whoever reads it calls `deliver` afterwards.
  int descriptor() const noexcept { return wake_; }
  void deliver();

 private:
  int wake_;
  std::mutex mutex_;  // guards messages_
  std::vector<std::move_only_function<void()>> messages_;
  std::vector<std::move_only_function<void()>> delivering_;
};

}  // namespace sallyport::async
