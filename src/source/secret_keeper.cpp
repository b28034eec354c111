#include "source/secret_keeper.h"

#include "async/side_by_side.h"
#include "base/log.h"
#include "json/parse.h"
#include "source/watcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace sallyport::source {
namespace {

using resources::SecretManager;

constexpr Milliseconds kTimeout{5'000};
constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kAtOnce = 8;

// The parts of `path` behind `text`, each behind one slash.
std::string joined(std::string text, std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) text.append("/").append(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return text;
}

bool leaves(std::string_view path) { return ("/" + std::string(path) + "/").find("/../") != std::string::npos; }

}  // namespace

Task<Result<json::Object>> ask_vault(Web& web, SecretManager manager, std::string path) {
  std::string_view base = manager.uri;
  while (base.ends_with('/')) base.remove_suffix(1);
  if (leaves(path)) co_return fail(ErrorCode::kInvalid, "its path leads elsewhere");
  const std::string address = joined(joined(std::string(base) + "/v1", manager.prefix), path);
  auto url = parse_url(address);
  if (!url) co_return fail_at(address, std::move(url).error());
  Visit visit(web, *url, kTimeout);
  Wanted wanted{*url, {}, {}, kMostBytes};
  wanted.secret_headers.emplace_back("X-Vault-Token", manager.token);
  if (!manager.name_space.empty()) wanted.secret_headers.emplace_back("X-Vault-Namespace", manager.name_space);
  CO_TRY(http::CallAnswer answer, co_await visit.get(std::move(wanted)));
  const std::string where = url->shown();
  auto wrong = [&where](std::string_view what) { return fail(ErrorCode::kInvalid, where + ": " + std::string(what)); };
  if (answer.status == 403) co_return wrong("the answer is 403; the token of the secret manager may not read it");
  if (answer.status == 404) co_return wrong("the answer is 404; there is no secret of that path");
  if (answer.status != 200) co_return wrong(fmt::format("the answer is {}", answer.status));
  auto body = json::parse(answer.body);
  const json::Value* data = body && body->is_object() ? body->find("data") : nullptr;
  if (!data || !data->is_object()) co_return wrong("the answer is none of Vault's KV engine, version 1");
  co_return data->object();
}

// Places that are fetched together. Where nobody answers for one, the others of the same manager are not asked for.
struct SecretKeeper::Round {
  std::vector<Place> left;
  std::map<std::string, Error> dead;
};

Result<SecretKeeper::Place> SecretKeeper::place_of(const resources::SecretReference& reference) const {
  if (managers_.contains(reference.manager)) return Place{reference.manager, reference.path};
  if (!reference.manager.starts_with("vault/")) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is no secret manager that is supported; vault is",
                                                 reference.manager.substr(0, reference.manager.find('/'))));
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("there is no secret manager {}; put secrets/{}", reference.manager, reference.manager));
}

Task<void> SecretKeeper::fetch(std::vector<std::string> references) {
  std::set<Place> wanted;
  for (const std::string& text : references) {
    auto reference = resources::parse_secret_reference(text);
    auto place = reference ? place_of(*reference) : fail(reference.error());
    if (!place) continue;
    auto known = entries_.find(*place);
    const bool has_it = known != entries_.end() && known->second.known.find(reference->member);
    if (!has_it) wanted.insert(*std::move(place));
  }
  co_await fetch_places({wanted.begin(), wanted.end()});
  tell(references);
}

Task<bool> SecretKeeper::refresh(std::vector<std::string> references) {
  std::map<std::string, Result<json::Value>> before;
  std::set<Place> used;
  for (const std::string& text : references) {
    before.emplace(text, find(text));
    auto reference = resources::parse_secret_reference(text);
    auto place = reference ? place_of(*reference) : fail(reference.error());
    if (place) used.insert(*std::move(place));
  }
  std::erase_if(entries_, [&](const auto& each) { return !used.contains(each.first); });
  std::erase_if(told_, [&](const auto& each) { return !before.contains(each.first); });
  std::vector<Place> due;
  for (const Place& place : used) {
    if (is_due(place)) due.push_back(place);
  }
  co_await fetch_places(std::move(due));
  tell(references);
  co_return std::ranges::any_of(before, [this](const auto& each) {
    const Result<json::Value> now = find(each.first);
    return now.has_value() != each.second.has_value() || (now && *now != *each.second);
  });
}

bool SecretKeeper::is_due(const Place& place) const {
  auto known = entries_.find(place);
  if (known == entries_.end() || !known->second.fresh) return true;
  const Entry& entry = known->second;
  return entry.asked != managers_.at(place.manager) || clock_.steady() - entry.tried >= times_.keep;
}

Milliseconds SecretKeeper::wait() const {
  Milliseconds wait = times_.keep;
  for (const auto& [place, entry] : entries_) {
    if (entry.failures > 0) wait = std::min({wait, backoff(entry.failures), times_.longest_wait});
  }
  return wait;
}

Task<void> SecretKeeper::fetch_places(std::vector<Place> places) {
  Round round{std::move(places), {}};
  std::vector<Task<void>> lanes;
  const std::size_t count = std::min(kAtOnce, round.left.size());
  lanes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) lanes.push_back(fetch_some(round));
  async::SideBySide all(std::move(lanes));
  co_await all;
}

Task<void> SecretKeeper::fetch_some(Round& round) {
  while (!round.left.empty()) {
    const Place place = std::move(round.left.back());
    round.left.pop_back();
    auto manager = managers_.find(place.manager);
    if (manager == managers_.end()) continue;
    const SecretManager asked = manager->second;
    if (auto dead = round.dead.find(place.manager); dead != round.dead.end()) {
      take(place, asked, fail(dead->second));
      continue;
    }
    auto fetched = co_await ask_(asked, place.path);
    if (!fetched && fetched.error().code == ErrorCode::kUnavailable) round.dead.emplace(place.manager, fetched.error());
    take(place, asked, std::move(fetched));
  }
}

void SecretKeeper::take(const Place& place, SecretManager asked, Result<json::Object> fetched) {
  Entry& entry = entries_[place];
  entry.asked = std::move(asked);
  entry.tried = clock_.steady();
  entry.failures = fetched ? 0 : entry.failures + 1;
  if (!fetched) {
    entry.fresh.reset();
    entry.error = std::move(fetched).error();
    return;
  }
  for (const auto& [name, value] : *fetched) entry.known[name] = value;
  entry.fresh = *std::move(fetched);
}

Result<json::Value> SecretKeeper::find(std::string_view text) const {
  TRY(const resources::SecretReference reference, resources::parse_secret_reference(text));
  TRY(const Place place, place_of(reference));
  auto entry = entries_.find(place);
  if (entry == entries_.end()) return fail(ErrorCode::kUnavailable, "it has not been fetched yet");
  const json::Value* value = entry->second.known.find(reference.member);
  if (value) return *value;
  if (!entry->second.fresh) return fail(entry->second.error);
  return fail(ErrorCode::kInvalid, fmt::format("{} has no member \"{}\"", reference.path, reference.member));
}

// Empty: it stands for what was fetched last.
std::string SecretKeeper::why_unresolved(const std::string& text) const {
  auto found = find(text);
  if (!found) return found.error().what + "; it stands as it is written, and is fetched again";
  const auto reference = resources::parse_secret_reference(text);
  const Entry& entry = entries_.at(*place_of(*reference));
  if (!entry.fresh) return entry.error.what + "; its last value stays";
  return entry.fresh->find(reference->member) ? "" : "it is there no more; its last value stays";
}

void SecretKeeper::tell(const std::vector<std::string>& references) {
  for (const std::string& reference : references) {
    std::string why = why_unresolved(reference);
    auto told = told_.find(reference);
    if (why.empty()) {
      if (told == told_.end()) continue;
      told_.erase(told);
      log::warn("the secret reference {} is resolved again", reference);
    } else if (told == told_.end() || told->second != why) {
      log::error("failed to resolve secret reference: {}: {}", reference, why);
      told_[reference] = std::move(why);
    }
  }
}

}  // namespace sallyport::source
