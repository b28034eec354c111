#pragma once
// The gateway that has started this one to be followed by it. Belongs to the control thread.

#include "app/listening_sockets.h"
#include "app/upgrade_channel.h"
#include "async/reactor.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

namespace sallyport::app {

class Predecessor final {
 public:
  // Null where this process was started by somebody else. What the environment says of it is taken out of there, so
  // that it is called before other threads run. Error: kInvalid, naming the variable; the predecessor has been told.
  static Result<std::unique_ptr<Predecessor>> from_environment();

  // The other end of `channel` is `process`.
  Predecessor(int channel, pid_t process) : channel_(channel), process_(process) {}
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;

  SocketList take_sockets() { return std::exchange(sockets_, {}); }

  // Waits until it says `request` again. A predecessor that has ended is in nobody's way.
  // Error: kTimeout, naming it: it has not answered in `longest`.
  async::Task<Status> ask(async::Reactor& reactor, std::string request, Milliseconds longest);
  void tell_failure(const std::string& why) { channel_.say(std::string(kFailed) + why); }

 private:
  UpgradeChannel channel_;
  pid_t process_;
  SocketList sockets_;
};

}  // namespace sallyport::app
