#include "app/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace sallyport::app {

Signals::Signals(std::initializer_list<int> signals) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

Signals::~Signals() {
  watch_.reset();
  ::close(descriptor_);
}

void Signals::deliver_to(async::Reactor& control, std::function<void(int)> handle) {
  watch_ = control.watch(descriptor_, true, false, [this, handle = std::move(handle)](bool, bool) {
    signalfd_siginfo info;
    while (::read(descriptor_, &info, sizeof info) == sizeof info) handle(static_cast<int>(info.ssi_signo));
  });
}

}  // namespace sallyport::app
