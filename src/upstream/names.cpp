#include "upstream/names.h"

#include "async/reactor.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr Milliseconds kShortest{1000};  // how long any answer is kept, good or bad
constexpr std::chrono::hours kLongest{24};

}  // namespace

Names::Names(async::Reactor& reactor, async::Resolver& resolver, Milliseconds timeout, Milliseconds valid)
    : reactor_(reactor), resolver_(resolver), timeout_(timeout), valid_(valid) {}

NamePtr Names::use(const std::string& host) {
  std::erase_if(names_, [](const auto& known) { return known.second.expired(); });
  std::weak_ptr<Name>& known = names_[host];
  NamePtr name = known.lock();
  if (!name) known = name = std::make_shared<Name>(host);
  return name;
}

void Names::keep_fresh(const NamePtr& name) {
  if (name->under_way_ || (name->ended_ && reactor_.now() < name->valid_until_)) return;
  name->under_way_ = true;
  lookups_.spawn(look_up(name));
}

async::Task<void> Names::next_answer(std::vector<NamePtr> names) {
  auto answered = std::make_shared<async::Event>();
  for (const NamePtr& name : names) name->waiting_.push_back(answered);
  co_await *answered;
}

async::Task<void> Names::look_up(NamePtr name) {
  auto answer = co_await resolver_.lookup(name->host_, timeout_);
  take(*name, std::move(answer));
  for (auto& waiting : std::exchange(name->waiting_, {})) waiting->set();
}

// It is looked up each second as long as it fails: what is logged is why, when that is new.
void Names::note_failure(Name& name, Error error) {
  if (!name.error_ || name.error_->what != error.what) {
    log::warn("{}{}", error.what, name.addresses_.empty() ? "" : "; the addresses known so far stay in use");
  }
  name.error_ = std::move(error);
}

void Names::take(Name& name, Result<std::vector<async::ResolvedAddress>> answer) {
  name.under_way_ = false;
  name.ended_ = true;
  name.valid_until_ = reactor_.now() + kShortest;
  if (!answer) return note_failure(name, std::move(answer).error());
  if (name.error_) log::info("the name \"{}\" resolves again", name.host_);
  name.error_.reset();
  Milliseconds valid = kLongest;
  std::vector<async::Address> addresses;
  for (const async::ResolvedAddress& found : *answer) {
    valid = std::min<Milliseconds>(valid, found.time_to_live);
    addresses.push_back(found.address);
  }
  if (valid_.count() > 0) valid = valid_;
  name.valid_until_ = reactor_.now() + std::max(valid, kShortest);
  // Name servers turn the order of addresses with every answer, which is no change.
  std::ranges::sort(addresses, {}, [](const async::Address& address) { return address.to_string(); });
  if (addresses == name.addresses_) return;
  name.addresses_ = std::move(addresses);
  ++name.version_;
}

}  // namespace sallyport::upstream
