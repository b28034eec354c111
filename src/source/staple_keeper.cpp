#include "source/staple_keeper.h"

#include "base/log.h"
#include "source/watcher.h"

#include <utility>

namespace sallyport::source {
namespace {

constexpr Milliseconds kTimeout{10'000};
constexpr std::size_t kMostBytes = 64 * 1024;
constexpr std::size_t kAtOnce = 8;

}  // namespace

Task<Result<std::string>> ask_responder(Web& web, std::string url, std::string request) {
  auto parsed = parse_url(url);
  if (!parsed) co_return fail_at(url, std::move(parsed).error());
  Visit visit(web, *parsed, kTimeout);
  Wanted wanted{
      *parsed, {{"Content-Type", "application/ocsp-request"}, {"Accept", "application/ocsp-response"}}, {}, kMostBytes};
  wanted.body = std::move(request);
  CO_TRY(http::CallAnswer answer, co_await visit.get(std::move(wanted)));
  if (answer.status != 200) co_return refused(*parsed, answer.status);
  co_return std::move(answer.body);
}

// One of those that ask; the next one waiting begins when it ends.
class StapleKeeper::Turn {
 public:
  explicit Turn(StapleKeeper& keeper) : keeper_(keeper) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { keeper_.end_turn(); }

 private:
  StapleKeeper& keeper_;
};

StapleKeeper::~StapleKeeper() {
  waiting_.clear();  // nobody's turn comes any more
  tasks_.cancel_all();
}

Task<void> StapleKeeper::wait_for_turn() {
  if (asking_ < kAtOnce) {
    ++asking_;
    co_return;
  }
  auto turn = waiting_.emplace_back(std::make_shared<async::Event>());
  co_await *turn;
}

// Who waits longest gets it.
void StapleKeeper::end_turn() {
  if (waiting_.empty()) {
    --asking_;
    return;
  }
  // By a message: a queue of tries that fail at once must not grow the stack.
  reactor_.post([next = std::move(waiting_.front())] { next->set(); });
  waiting_.pop_front();
}

void StapleKeeper::show(const Entry& entry) {
  for (const tls::StaplePtr& staple : entry.staples) staple->show(entry.answer);
}

void StapleKeeper::start() {
  started_ = true;
  for (const auto& [identity, entry] : entries_) begin(entry);
}

void StapleKeeper::begin(const EntryPtr& entry) {
  if (started_) tasks_.spawn(run(entry));
}

void StapleKeeper::follow(std::shared_ptr<const tls::ServerNames> names) {
  if (names == followed_) return;
  followed_ = std::move(names);
  std::map<std::string, EntryPtr, std::less<>> former = std::move(entries_);
  for (const auto& [identity, entry] : former) entry->staples.clear();
  entries_.clear();
  std::vector<EntryPtr> begun;
  for (const tls::StaplePtr& staple : followed_->staples()) {
    EntryPtr& entry = entries_[staple->identity()];
    if (!entry) {
      auto known = former.find(staple->identity());
      entry = known == former.end() ? begun.emplace_back(std::make_shared<Entry>()) : known->second;
    }
    entry->staples.push_back(staple);
  }
  for (const auto& [identity, entry] : entries_) show(*entry);
  for (const auto& [identity, entry] : former) {
    if (entry->staples.empty()) entry->wake.set();
  }
  for (const EntryPtr& entry : begun) begin(entry);
}

// Null where the certificate is served no longer when the turn has come.
Task<Result<tls::Staple::AnswerPtr>> StapleKeeper::ask_once(EntryPtr entry) {
  co_await wait_for_turn();
  const Turn turn(*this);
  if (entry->staples.empty()) co_return nullptr;
  const tls::StaplePtr staple = entry->staples.front();
  entry->asked = clock_.wall();
  auto said = co_await ask_(staple->responder(), staple->request());
  if (!said) co_return fail(std::move(said).error());
  co_return staple->check(*said, clock_.wall());
}

Task<void> StapleKeeper::run(EntryPtr entry) {
  while (!entry->staples.empty()) {
    auto answer = co_await ask_once(entry);
    if (entry->staples.empty()) co_return;
    const Milliseconds wait = answer ? take(*entry, *std::move(answer)) : fail_once(*entry, answer.error());
    auto timer = reactor_.start_timer(wait, async::Reactor::Repeat::kOnce, [entry] { entry->wake.set(); });
    co_await entry->wake;
    entry->wake.reset();
  }
}

// Until it is asked again.
Milliseconds StapleKeeper::take(Entry& entry, tls::Staple::AnswerPtr answer) const {
  const tls::Staple& staple = *entry.staples.front();
  if (entry.failures > 0 || !entry.answer) log::info("OCSP: the certificate {} is stapled", staple.subject());
  entry.failures = 0;
  entry.error.clear();
  entry.answer = std::move(answer);
  entry.taken = clock_.wall();
  show(entry);
  return staple.refresh_after(*entry.answer, clock_.wall());
}

Milliseconds StapleKeeper::fail_once(Entry& entry, const Error& error) const {
  const tls::Staple& staple = *entry.staples.front();
  const bool is_stapled = entry.answer && entry.answer->until > clock_.wall();
  entry.error = error.what;
  log::warn("OCSP: the certificate {} {}: {}: {}", staple.subject(),
            is_stapled ? "is stapled with an earlier answer" : "is shown without a staple", staple.responder(),
            error.what);
  return backoff(++entry.failures);
}

std::vector<StapleState> StapleKeeper::describe() const {
  std::vector<StapleState> states;
  for (const auto& [identity, entry] : entries_) {
    const tls::Staple& staple = *entry->staples.front();
    StapleState state{staple.subject(), staple.fingerprint(), staple.responder(), {}, {},
                      entry->asked,     entry->failures,      entry->error};
    if (entry->answer && entry->answer->until > clock_.wall()) {
      state.taken = entry->taken;
      state.until = entry->answer->until;
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace sallyport::source
