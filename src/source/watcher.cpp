#include "source/watcher.h"

#include "base/log.h"
#include "base/random.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sallyport::source {
namespace {

constexpr Milliseconds kFirstBackoff{1'000};
constexpr Milliseconds kLongestBackoff{300'000};
constexpr Milliseconds kSoon{30'000};  // after a start
constexpr Milliseconds kLongestWait{24 * 3'600'000};

Milliseconds by_chance(Milliseconds longest) {
  const auto half = static_cast<std::uint32_t>(std::min(longest, kLongestWait).count() / 2);
  return Milliseconds(half + random_below(half + 1));
}

std::int64_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Milliseconds backoff(unsigned failures) {
  const unsigned doublings = std::min(failures == 0 ? 0 : failures - 1, 16u);
  return by_chance(std::min(kFirstBackoff * (1 << doublings), kLongestBackoff));
}

Watcher::~Watcher() { tasks_.cancel_all(); }

void Watcher::end(Entry& entry) {
  entry.is_over = true;
  entry.wake.set();
}

void Watcher::watch(const std::string& name, Spec spec, Present present, Take take) {
  auto known = entries_.find(name);
  if (known != entries_.end() && known->second->spec == spec && known->second->is_there == present.is_there &&
      !present.is_fresh) {
    known->second->take = std::move(take);
    return;
  }
  forget(name);
  auto entry = std::make_shared<Entry>();
  entry->name = name;
  entry->spec = std::move(spec);
  entry->take = std::move(take);
  entry->is_there = present.is_there;
  entry->validator = std::move(present.validator);
  entries_[name] = entry;
  const Milliseconds interval = entry->spec.interval;
  if (present.is_fresh) entry->last_try = clock_.wall();
  if (entry->is_there) entry->first_wait = by_chance(present.is_fresh ? interval : std::min(interval, kSoon));
  if (started_) begin(entry);
}

void Watcher::start() {
  started_ = true;
  for (const auto& [name, entry] : entries_) begin(entry);
}

void Watcher::begin(const EntryPtr& entry) {
  if (!entry->is_there || entry->spec.pull == Pull::kAlways) tasks_.spawn(run(entry));
}

void Watcher::forget(std::string_view name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) return;
  const EntryPtr entry = std::move(found->second);
  entries_.erase(found);
  end(*entry);
}

Task<void> Watcher::run(EntryPtr entry) {
  Milliseconds wait = entry->first_wait;
  for (;;) {
    if (wait.count() > 0) {
      entry->next_try = clock_.wall() + wait;
      auto timer = reactor_.start_timer(wait, async::Reactor::Repeat::kOnce, [entry] { entry->wake.set(); });
      co_await entry->wake;
      entry->wake.reset();
    }
    if (entry->is_over) co_return;
    Status done = co_await try_once(entry);
    entry->next_try.reset();
    if (entry->is_over) co_return;
    if (!done) {
      fail_once(*entry, std::move(done).error().what);
      wait = backoff(entry->failures);
      continue;
    }
    entry->is_there = true;
    entry->failures = 0;
    entry->error.clear();
    if (entry->spec.pull != Pull::kAlways) co_return;
    wait = by_chance(entry->spec.interval);
  }
}

Task<Status> Watcher::try_once(EntryPtr entry) {
  entry->last_try = clock_.wall();
  CO_TRY(Fetched fetched, co_await fetch_(entry->spec, entry->validator));
  if (entry->is_over || fetched.is_unchanged) co_return Status();
  std::string validator = std::move(fetched.validator);
  CO_TRY_STATUS(co_await entry->take(entry->name, entry->spec, std::move(fetched)));
  entry->validator = std::move(validator);
  co_return Status();
}

void Watcher::fail_once(Entry& entry, std::string error) {
  ++entry.failures;
  entry.error = std::move(error);
  log::warn("plugin {}: its source: {}; {}", entry.name, entry.error,
            entry.is_there ? "the version that is there serves on" : "until it is there, what uses it fails");
}

std::optional<json::Object> Watcher::describe(std::string_view name) const {
  auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = *found->second;
  json::Object told;
  told["state"] = entry.failures > 0 ? "failed" : entry.is_there ? "serving" : "pending";
  if (!entry.error.empty()) told["error"] = entry.error;
  if (entry.last_try) told["last_try"] = seconds(*entry.last_try);
  if (entry.next_try) told["next_try"] = seconds(*entry.next_try);
  return told;
}

}  // namespace sallyport::source
