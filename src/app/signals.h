#pragma once
// Signals as events of the control loop.

#include "async/reactor.h"

#include <functional>
#include <initializer_list>
#include <memory>

namespace sallyport::app {

class Signals final {
 public:
  // Blocks `signals` in this thread and those it starts from now on; SIGPIPE is ignored in the whole process.
  // Made by the main thread before any other runs.
  explicit Signals(std::initializer_list<int> signals);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  // `handle` gets each signal's number, on the loop.
  void deliver_to(async::Reactor& control, std::function<void(int)> handle);
  void stop_delivering() { watch_.reset(); }

 private:
  int descriptor_;
  std::unique_ptr<async::Watch> watch_;
};

}  // namespace sallyport::app
