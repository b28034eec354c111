#include "plugins/wasm/abi/response_flags.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport::wasm::abi {
namespace {

// Their names in Envoy's access log stand behind them.
enum Flags : std::uint32_t {
  kNone = 0,
  kNoHealthyUpstream = 1u << 1,                 // UH
  kUpstreamRequestTimeout = 1u << 2,            // UT
  kUpstreamConnectionFailure = 1u << 5,         // UF
  kUpstreamConnectionTermination = 1u << 6,     // UC
  kNoRouteFound = 1u << 8,                      // NR
  kDelayInjected = 1u << 9,                     // DI
  kFaultInjected = 1u << 10,                    // FI
  kDownstreamConnectionTermination = 1u << 14,  // DC
  kUpstreamRetryLimitExceeded = 1u << 15,       // URX
  kStreamIdleTimeout = 1u << 16,                // SI
  kDownstreamProtocolError = 1u << 18,          // DPE
  kNoFilterConfigFound = 1u << 21,              // NFCF
  kUpstreamProtocolError = 1u << 23,            // UPE
  kNoClusterFound = 1u << 24,                   // NC
  kOverloadManager = 1u << 25,                  // OM
};

struct Cause {
  std::string_view reason;  // of `Exchange::reason`
  Flags flags;
};

// Those without a flag are causes that Envoy answers without one (413 and the refusals of what a route does not allow).
// Left out are those of which nobody can say more than that the gateway failed: internal, upstream_failed. Sorted.
constexpr auto kCauses = std::to_array<Cause>({
    {"bad_request_body", kDownstreamProtocolError},
    {"client_certificate", kNone},
    {"client_closed", kDownstreamConnectionTermination},
    {"client_timeout", kStreamIdleTimeout},
    {"deadline_exceeded", kUpstreamRequestTimeout},
    {"no_route", kNoRouteFound},
    {"no_tunnel", kNone},
    {"no_upstream", kNoHealthyUpstream},
    {"no_upstream_left", kUpstreamRetryLimitExceeded},
    {"overload", kOverloadManager},
    {"plugin_body_limit", kNone},
    {"plugin_config_missing", kNoFilterConfigFound},
    {"request_body_timeout", kStreamIdleTimeout},
    {"request_body_too_large", kNone},
    {"request_body_too_slow", kNone},
    {"server_name_is_not_host", kNone},
    {"service_missing", kNoClusterFound},
    {"tunnel_idle", kStreamIdleTimeout},
    {"upstream_broke_off", kUpstreamConnectionTermination},
    {"upstream_closed", kUpstreamConnectionTermination},
    {"upstream_missing", kNoClusterFound},
    {"upstream_protocol", kUpstreamProtocolError},
    {"upstream_refused", kUpstreamConnectionFailure},
    {"upstream_timeout", kUpstreamRequestTimeout},
    {"websocket_not_enabled", kNone},
    {"websocket_to_http2_upstream", kNone},
});
static_assert(std::ranges::is_sorted(kCauses, {}, &Cause::reason));

std::optional<Flags> flags_of(std::string_view reason) {
  const auto* found = std::ranges::lower_bound(kCauses, reason, {}, &Cause::reason);
  if (found != kCauses.end() && found->reason == reason) return found->flags;
  // What a plugin answers, or its failure, is none of these, as it is none of a filter in Envoy.
  if (reason.empty() || reason.starts_with("plugin:")) return kNone;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> response_flags(const exchange::Exchange& exchange) {
  const auto flags = flags_of(exchange.reason);
  if (!flags) return std::nullopt;
  const std::uint32_t injected =
      (exchange.delay_injected ? kDelayInjected : kNone) | (exchange.abort_injected ? kFaultInjected : kNone);
  return *flags | injected;
}

}  // namespace sallyport::wasm::abi
