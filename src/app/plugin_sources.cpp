#include "app/plugin_sources.h"

#include <utility>

namespace sallyport::app {

PluginSources::PluginSources(async::Reactor& control, const Clock& clock, std::size_t most_bytes)
    : control_(control),
      clock_(clock),
      most_bytes_(most_bytes),
      watcher_(control, clock,
               [this](source::Spec spec, std::string validator) {
                 return fetch(std::move(spec), most_bytes_, std::move(validator));
               }),
      staples_(control, clock,
               [this](std::string url, std::string request) {
                 return source::ask_responder(*web_, std::move(url), std::move(request));
               }),
      secrets_(clock, [this](resources::SecretManager manager, std::string path) {
        return source::ask_vault(*web_, std::move(manager), std::move(path));
      }) {}

Status PluginSources::open(const Settings& settings, const upstream::ForbiddenAddresses& own) {
  async::ResolverOptions options;
  options.servers = settings.resolver.servers;
  options.enable_ipv6 = settings.ipv6;
  TRY(resolver_, async::open_resolver(control_, options));
  const std::string& trusted = settings.wasm.sources.trusted_certificates;
  auto tls = tls::ClientContext::open(trusted.empty() ? settings.ssl.trusted_certificates : trusted);
  if (!tls) return fail_at("wasm.sources.trusted_certificate", std::move(tls).error());
  tls_ = *std::move(tls);
  web_.emplace(control_, *resolver_, *tls_, clock_, own);
  secrets_.set_times(settings.secrets);
  return {};
}

void PluginSources::start() {
  watcher_.start();
  staples_.start();
}

Task<Result<source::Fetched>> PluginSources::fetch(source::Spec spec, std::size_t most_bytes, std::string validator) {
  if (!web_) co_return fail(ErrorCode::kUnavailable, "the gateway is still starting; try again");
  source::Fetcher fetcher(*web_);
  co_return co_await fetcher.fetch(std::move(spec), most_bytes, std::move(validator));
}

}  // namespace sallyport::app
