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

// What a message holds may, when it ends, tell this loop something once more.
Inbox::~Inbox() {
  while (!messages_.empty()) {
    delivering_.swap(messages_);
    delivering_.clear();
  }
  ::close(wake_);
}

void Inbox::post(std::move_only_function<void()> message) {
  bool first;
  {
    std::lock_guard lock(mutex_);
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

}  // namespace sallyport::async
