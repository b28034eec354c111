#pragma once
// The gateway that has started this one to be followed by it. Belongs to the control thread.

#include "app/listening_sockets.h"
#include "app/upgrade_channel.h"
#include "async/reactor.h"
#include "async/task.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <utility>

namespace sallyport::app {

class Predecessor final {
 public:
  // Null where this process was started by somebody else. What the environment says of it is taken out of there, so
  // that it is called before other threads run. Error: kInvalid, naming the variable; the predecessor has been told.
  static Result<std::unique_ptr<Predecessor>> from_environment();

  explicit Predecessor(int channel) : channel_(channel) {}
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;

  SocketList take_sockets() { return std::exchange(sockets_, {}); }

  // Waits until it says `request` again. A predecessor that has ended is in nobody's way; one that hangs ends this
  // process or is ended by its operator.
  async::Task<void> ask(async::Reactor& reactor, std::string request);
  void tell_failure(const std::string& why) { channel_.say(std::string(kFailed) + why); }

 private:
  UpgradeChannel channel_;
  SocketList sockets_;
};

}  // namespace sallyport::app
