#pragma once
// Fetches plugins from where their sources say that they lie, what OCSP responders say of certificates, and secrets
// from their managers, over the same HTTP client as upstreams but on the control thread, to which it belongs.

#include "app/settings.h"
#include "async/resolver.h"
#include "base/clock.h"
#include "base/result.h"
#include "source/fetcher.h"
#include "source/secret_keeper.h"
#include "source/staple_keeper.h"
#include "source/visit.h"
#include "source/watcher.h"
#include "tls/client_context.h"
#include "upstream/forbidden_addresses.h"

#include <cstddef>
#include <memory>
#include <optional>

namespace sallyport::app {

using async::Task;

class PluginSources final {
 public:
  // `control` and `clock` outlive it. `most_bytes`: of a module that the watcher fetches.
  PluginSources(async::Reactor& control, const Clock& clock, std::size_t most_bytes);

  // From now on something can be fetched, but nothing from the addresses `own`. Error: kInvalid, naming the setting.
  Status open(const Settings& settings, const upstream::ForbiddenAddresses& own);
  // Begins with what the watcher and the staples want; after `open`.
  void start();

  source::Watcher& watcher() noexcept { return watcher_; }
  source::StapleKeeper& staples() noexcept { return staples_; }
  source::SecretKeeper& secrets() noexcept { return secrets_; }
  // Of a module that the watcher fetches from now on.
  void set_most_bytes(std::size_t most_bytes) noexcept { most_bytes_ = most_bytes; }
  // As source::Fetcher::fetch.
  Task<Result<source::Fetched>> fetch(source::Spec spec, std::size_t most_bytes, std::string validator = {});

 private:
  async::Reactor& control_;
  const Clock& clock_;
  std::size_t most_bytes_;
  std::unique_ptr<async::Resolver> resolver_;
  std::unique_ptr<tls::ClientContext> tls_;
  std::optional<source::Web> web_;
  source::Watcher watcher_;  // last: their work uses everything above
  source::StapleKeeper staples_;
  source::SecretKeeper secrets_;
};

}  // namespace sallyport::app
