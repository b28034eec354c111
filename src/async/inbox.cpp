#include "async/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace sallyport::async {

Inbox::Inbox() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_ < 0) throw std::runtime_error(std::string("cannot create an event loop: ") + std::strerror(errno));
}

Inbox::~Inbox() { ::close(wake_); }

void Inbox::post(std::move_only_function<void()> message) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) return;
    first = messages_.empty();
    messages_.push_back(std::move(message));
  }
  if (!first) return;
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_, &one, sizeof one);
}

void Inbox::deliver() {
  {
    std::lock_guard lock(mutex_);
    delivering_.swap(messages_);
  }
  for (auto& message : delivering_) {
    message();
    message = nullptr;  // what it holds ends before the next message says that all before it is done
  }
  delivering_.clear();
}

// What a message holds may, when it ends, tell this loop something once more.
void Inbox::close() {
  std::vector<std::move_only_function<void()>> left;
  std::lock_guard lock(mutex_);
  is_closed_ = true;
  left.swap(messages_);
}

std::function<void(std::move_only_function<void()>)> poster_of(std::shared_ptr<Inbox> inbox) {
  return [inbox = std::move(inbox)](std::move_only_function<void()> message) { inbox->post(std::move(message)); };
}

}  // namespace sallyport::async
