#pragma once
// What other threads tell a loop. `post` may be called from any thread, for as long as somebody has this; everything
// else belongs to the loop's own.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace sallyport::async {

class Inbox {
 public:
  Inbox();  // throws std::runtime_error when there is no eventfd to be had
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  // Once it is closed, `message` ends at once.
  void post(std::move_only_function<void()> message);

  // An eventfd that becomes readable when there are messages; whoever reads it calls `deliver` afterwards.
  int descriptor() const noexcept { return wake_; }
  void deliver();
  // The loop ends: what is left is not delivered any more.
  void close();

 private:
  int wake_;
  std::mutex mutex_;  // guards the next two
  std::vector<std::move_only_function<void()>> messages_;
  bool is_closed_ = false;
  std::vector<std::move_only_function<void()>> delivering_;
};

// `post` for who may outlive the loop.
std::function<void(std::move_only_function<void()>)> poster_of(std::shared_ptr<Inbox> inbox);

}  // namespace sallyport::async
