#pragma once
// The gateway that is to follow this one: a process that this one has started, with the sockets it listens with.
// Belongs to the control thread.

#include "app/listening_sockets.h"
#include "app/upgrade_channel.h"
#include "async/reactor.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"

#include <sys/types.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::app {

// What this process was started with.
struct Program {
  std::string path;                // absolute; symbolic links stay, so that they may lead to another file later
  std::vector<std::string> words;  // from argv[0] on

  static Program of(std::span<const char* const> words);  // those of main
};

class Successor final {
 public:
  // Error: kUnavailable, naming the file.
  static Result<std::unique_ptr<Successor>> start(const Program& program, const SocketList& sockets);
  Successor(pid_t process, int channel) : process_(process), channel_(channel) {}
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;
  ~Successor();  // one that does not serve ends with it

  pid_t process() const noexcept { return process_; }

  // Until it says `word`. Error, to end a sentence of the log: it has ended, or failed, or was too slow, or `give_up`.
  async::Task<Status> wait_for(async::Reactor& reactor, std::string word, SteadyTime deadline);
  void say(std::string_view text) { channel_.say(text); }
  // It serves, whatever becomes of this process.
  void let_go() noexcept { let_go_ = true; }
  // Nobody shall follow any more: what waits for it fails.
  void give_up() noexcept { given_up_ = true; }
  // Ends it, with whatever it does; it has left the kernel when the Task ends.
  async::Task<void> end(async::Reactor& reactor);

 private:
  Status hear(std::string_view word, bool& said);
  bool has_ended();

  pid_t process_;
  UpgradeChannel channel_;
  std::string ending_;  // how it ended, once it has
  bool let_go_ = false;
  bool given_up_ = false;
};

}  // namespace sallyport::app
