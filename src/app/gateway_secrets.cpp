// References to secrets: fetched before what refers to them is compiled, and again beside everything else.

#include "app/gateway.h"
#include "resources/environment_references.h"
#include "resources/secret.h"

#include <algorithm>
#include <utility>

namespace sallyport::app {
namespace {

std::vector<std::string> references_in(const std::vector<snapshot::Item>& items) {
  std::vector<std::string> all;
  for (const snapshot::Item& item : items) {
    const resources::KindInfo* info = resources::find_kind(item.kind);
    if (!info || !item.value) continue;
    std::ranges::move(resources::secret_references_in(info->kind, *item.value), std::back_inserter(all));
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

// Those that can be used; what is wrong with others, whoever takes resources over has said.
resources::SecretManagers managers_among(const std::vector<store::EntryPtr>& entries) {
  resources::SecretManagers managers;
  for (const store::EntryPtr& entry : entries) {
    auto value = resources::with_environment(resources::Kind::kSecret, entry->value);
    if (!value || !resources::check(resources::Kind::kSecret, *value)) continue;
    managers.emplace(entry->key.id, resources::secret_manager_from(*value));
  }
  return managers;
}

}  // namespace

void Gateway::offer_secrets() {
  services_.secrets = [this](std::string_view reference) { return sources_->secrets().find(reference); };
  services_.know_secrets = [this](std::vector<std::string> references) { return know_secrets(std::move(references)); };
  services_.secrets_changed = [this] { secrets_changed_.set(); };
}

// Whoever calls it holds `changes_`.
Task<void> Gateway::know_secrets(std::vector<std::string> references) {
  if (references.empty()) co_return;
  Status used = co_await use_secret_managers();
  if (used) co_await sources_->secrets().fetch(std::move(references));
}

Task<Status> Gateway::use_secret_managers() {
  CO_TRY(auto entries, co_await store_->list(std::string(resources::info(resources::Kind::kSecret).folder)));
  sources_->secrets().use(managers_among(entries));
  co_return Status{};
}

Task<void> Gateway::know_secrets_of(const std::vector<snapshot::Item>& items) {
  return know_secrets(references_in(items));
}

Task<void> Gateway::keep_secrets_fresh() {
  for (;;) {
    auto timer = control_.start_timer(sources_->secrets().wait(), async::Reactor::Repeat::kOnce,
                                      [this] { secrets_changed_.set(); });
    co_await secrets_changed_;
    secrets_changed_.reset();
    co_await refresh_secrets();
  }
}

Task<void> Gateway::refresh_secrets() {
  if (Status used = co_await use_secret_managers(); !used) co_return;
  std::vector<std::string> references = references_in(builder_->secret_users());
  if (!co_await sources_->secrets().refresh(std::move(references))) co_return;
  auto lock = co_await changes_.lock();
  auto change = co_await builder_->prepare_all(builder_->secret_users());
  report_rejected(change.rejected(), {});
  co_await put_into_force(std::move(change));
}

}  // namespace sallyport::app
