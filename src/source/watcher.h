#pragma once
// Fetches what sources name, beside everything else: what is not there yet until it is, and what is to be looked at
// again, always. A fetch that fails is repeated, later each time, and nothing that serves is touched by it. Belongs to
// the control thread.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "json/value.h"
#include "source/fetcher.h"
#include "source/spec.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::source {

// The wait before the next try after so many failures: from a second, twice as long each time, to five minutes; of
// that, by chance, half or more.
Milliseconds backoff(unsigned failures);

class Watcher final {
 public:
  using Fetch = std::function<Task<Result<Fetched>>(Spec, std::string validator)>;
  // Puts what was fetched for a name into force; not called for what has not changed. Its error counts as a failure.
  using Take = std::function<Task<Status>(std::string name, Spec, Fetched)>;

  // What serves already of a source.
  struct Present {
    bool is_there = false;
    bool is_fresh = false;  // it was fetched just now
    std::string validator;  // as Fetched
  };

  // `reactor` and `clock` outlive it.
  Watcher(async::Reactor& reactor, const Clock& clock, Fetch fetch)
      : reactor_(reactor), clock_(clock), fetch_(std::move(fetch)) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  // Nothing is fetched before.
  void start();

  // In place of what has been watched under that name. `take` is not called any more when something else is.
  void watch(const std::string& name, Spec spec, Present present, Take take);
  void forget(std::string_view name);

  // {"state": "pending" | "serving" | "failed", "error", "last_try", "next_try"}, times in seconds since 1970; nothing
  // for a name that is not watched. Failed is what could not be fetched last time, whether or not an earlier version
  // serves.
  std::optional<json::Object> describe(std::string_view name) const;

 private:
  struct Entry {
    Milliseconds first_wait{0};
    std::string name;
    Spec spec;
    Take take;
    bool is_there = false;
    bool is_over = false;  // something else took its place
    unsigned failures = 0;
    std::string validator, error;
    std::optional<WallTime> last_try, next_try;
    async::Event wake;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  void begin(const EntryPtr& entry);
  Task<void> run(EntryPtr entry);
  Task<Status> try_once(EntryPtr entry);
  void fail_once(Entry& entry, std::string error);
  static void end(Entry& entry);

  async::Reactor& reactor_;
  const Clock& clock_;
  Fetch fetch_;
  bool started_ = false;
  std::map<std::string, EntryPtr, std::less<>> entries_;
  async::TaskGroup tasks_;
};

}  // namespace sallyport::source
