#include "source/staple_keeper.h"

#include "base/log.h"
#include "source/watcher.h"

#include <utility>

namespace sallyport::source {
namespace {

constexpr Milliseconds kTimeout{10'000};
constexpr std::size_t kMostBytes = 64 * 1024;

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

StapleKeeper::~StapleKeeper() { tasks_.cancel_all(); }

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

Task<Result<tls::Staple::AnswerPtr>> StapleKeeper::ask_once(tls::StaplePtr staple) {
  auto said = co_await ask_(staple->responder(), staple->request());
  if (!said) co_return fail(std::move(said).error());
  co_return staple->check(*said, clock_.wall());
}

Task<void> StapleKeeper::run(EntryPtr entry) {
  while (!entry->staples.empty()) {
    const tls::StaplePtr staple = entry->staples.front();
    auto answer = co_await ask_once(staple);
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
  entry.answer = std::move(answer);
  show(entry);
  return staple.refresh_after(*entry.answer, clock_.wall());
}

Milliseconds StapleKeeper::fail_once(Entry& entry, const Error& error) const {
  const tls::Staple& staple = *entry.staples.front();
  const bool is_stapled = entry.answer && entry.answer->until > clock_.wall();
  log::warn("OCSP: the certificate {} {}: {}: {}", staple.subject(),
            is_stapled ? "is stapled with an earlier answer" : "is shown without a staple", staple.responder(),
            error.what);
  return backoff(++entry.failures);
}

}  // namespace sallyport::source
