// What other hosts have beside the ABI: there, so that modules link that import it, and without effect. The answer is
// one that SDKs hand to the plugin; they stop at 12, which says that a function is missing.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

namespace sallyport::wasm::abi {
namespace {

template <Name kName, class... Args>
Status is_elsewhere(Vm& vm, Args...) {
  if (vm.hears_first_of(kName.view())) {
    vm.warn_once("it called " + std::string(kName.view()) +
                 ", which other hosts have and this gateway has not, and gets 10");
  }
  return Status::kInternalFailure;
}

template <Name kName, class... Args>
void add(std::vector<Import>& table) {
  table.push_back(import <kName, When::kRunning, &is_elsewhere<kName, Args...>>("env"));
}

using Slot32 = std::uint32_t;  // the address of a result

}  // namespace

void add_dialects(std::vector<Import>& table) {
  // Higress: upstream, user, password, timeout; upstream, command, number of the call.
  add<"proxy_redis_init", GuestRange, GuestRange, GuestRange, std::uint32_t>(table);
  add<"proxy_redis_call", GuestRange, GuestRange, Slot32>(table);
  add<"proxy_get_upstream_hosts", Slot32, Slot32>(table);
  add<"proxy_set_upstream_override_host", GuestRange>(table);
  add<"proxy_inject_encoded_data_to_filter_chain", GuestRange, std::uint32_t>(table);
  // Envoy: name, number of the query.
  add<"envoy_resolve_dns", GuestRange, Slot32>(table);
}

}  // namespace sallyport::wasm::abi
