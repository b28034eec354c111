#pragma once
// Asks OCSP responders about the certificates that are served, and again before what they said grows old. One that does
// not answer, or not well, is asked again later, and what it said before is shown until its time has passed. Belongs to
// the control thread.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "source/visit.h"
#include "tls/server_names.h"
#include "tls/staple.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::source {

// What the responder at `url` answers to `request`. Error: kInvalid, kUnavailable, kLimit.
Task<Result<std::string>> ask_responder(Web& web, std::string url, std::string request);

// What is known of one certificate.
struct StapleState {
  std::string certificate, fingerprint, responder;
  std::optional<WallTime> taken;  // when the answer that is shown came; nothing: none is shown
  WallTime until{};               // it may be shown so long
  std::optional<WallTime> asked;  // last
  unsigned failures = 0;          // since the last good answer
  std::string error;              // of the last one
};

class StapleKeeper final {
 public:
  using Ask = std::function<Task<Result<std::string>>(std::string url, std::string request)>;

  // `reactor` and `clock` outlive it.
  StapleKeeper(async::Reactor& reactor, const Clock& clock, Ask ask)
      : reactor_(reactor), clock_(clock), ask_(std::move(ask)) {}
  StapleKeeper(const StapleKeeper&) = delete;
  StapleKeeper& operator=(const StapleKeeper&) = delete;
  ~StapleKeeper();

  // Nobody is asked before.
  void start();

  // These are served from now on, and no others. What is known of the same certificates is theirs at once.
  void follow(std::shared_ptr<const tls::ServerNames> names);

  // Of each certificate that is to be stapled.
  std::vector<StapleState> describe() const;

 private:
  struct Entry {
    std::vector<tls::StaplePtr> staples;  // of the same identity; empty: it is over
    tls::Staple::AnswerPtr answer;
    std::optional<WallTime> taken, asked;
    unsigned failures = 0;
    std::string error;
    async::Event wake;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  class Turn;

  void begin(const EntryPtr& entry);
  Task<void> wait_for_turn();
  void end_turn();
  Task<void> run(EntryPtr entry);
  Task<Result<tls::Staple::AnswerPtr>> ask_once(EntryPtr entry);
  Milliseconds take(Entry& entry, tls::Staple::AnswerPtr answer) const;
  Milliseconds fail_once(Entry& entry, const Error& error) const;
  static void show(const Entry& entry);

  async::Reactor& reactor_;
  const Clock& clock_;
  Ask ask_;
  bool started_ = false;
  std::shared_ptr<const tls::ServerNames> followed_;
  std::map<std::string, EntryPtr, std::less<>> entries_;  // by identity
  std::size_t asking_ = 0;
  std::deque<std::shared_ptr<async::Event>> waiting_;  // for their turn to ask
  async::TaskGroup tasks_;
};

}  // namespace sallyport::source
