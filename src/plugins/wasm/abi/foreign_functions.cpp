// Functions that guests call by name, with bytes for an argument and bytes for a result.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/foreign.h"
#include "plugins/wasm/abi/groups.h"
#include "plugins/wasm/abi/protobuf.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sallyport::wasm::abi {
namespace {

using ForeignFunction = Status (*)(Vm& vm, std::string_view argument, std::string& result);

struct NamedFunction {
  std::string_view name;
  ForeignFunction function;
};

Status clear_route_cache(Vm& vm, std::string_view, std::string&) {
  choose_route_again(vm);
  return Status::kOk;
}

// Envoy's SetEnvoyFilterStateArguments{path, value}. What it sets is read as the property ("filter_state", path).
Status set_envoy_filter_state(Vm& vm, std::string_view argument, std::string&) {
  std::string path("filter_state\0", 13);
  std::string_view value;
  ProtobufReader reader(argument);
  while (auto field = reader.next()) {
    if (field->number == 1) path.append(field->bytes);
    if (field->number == 2) value = field->bytes;
  }
  if (!reader.is_complete()) return Status::kBadArgument;
  if (!vm.effective().http) return Status::kNotFound;
  vm.effective().http->exchange.set_property(path, value);
  return Status::kOk;
}

// Envoy's DeclarePropertyArguments{name, readonly, type, schema, span}. Properties need no declaration here: they are
// bytes, and last as long as the exchange.
Status declare_property(Vm&, std::string_view argument, std::string&) {
  ProtobufReader reader(argument);
  while (reader.next()) {
  }
  return reader.is_complete() ? Status::kOk : Status::kBadArgument;
}

// The argument is the key.
Status shared_data_delete(Vm& vm, std::string_view key, std::string&) {
  return vm.state().data.remove(key) ? Status::kOk : Status::kNotFound;
}

// Milliseconds from now, 8 bytes little-endian, then the key. 0: it stays until it is deleted.
Status shared_data_expire(Vm& vm, std::string_view argument, std::string&) {
  std::uint64_t time = 0;
  if (argument.size() < sizeof time) return Status::kBadArgument;
  std::memcpy(&time, argument.data(), sizeof time);
  constexpr std::uint64_t kLongest = std::chrono::milliseconds(std::chrono::hours(24 * 365)).count();
  std::chrono::milliseconds lasts(std::min(time, kLongest));
  return vm.state().data.expire_after(argument.substr(sizeof time), lasts) ? Status::kOk : Status::kNotFound;
}

constexpr NamedFunction kFunctions[] = {
    {"clear_route_cache", clear_route_cache},
    {"compress", compress},
    {"declare_property", declare_property},
    {"set_envoy_filter_state", set_envoy_filter_state},
    {"shared_data_delete", shared_data_delete},
    {"shared_data_expire", shared_data_expire},
    {"sign", sign},
    {"uncompress", uncompress},
    {"verify_signature", verify_signature},
};

// Guests that want no result pass 0 for both slots.
Status call_foreign_function(Vm& vm, GuestRange name_at, GuestRange argument_at, GuestRange out) {
  auto name = vm.memory().read(name_at);
  auto argument = vm.memory().read(argument_at);
  if (!name || !argument) return Status::kInvalidMemoryAccess;
  const auto* known = std::ranges::find(kFunctions, *name, &NamedFunction::name);
  if (known == std::end(kFunctions)) return Status::kNotFound;
  std::string result;
  if (Status status = known->function(vm, *argument, result); status != Status::kOk) return status;
  return out.at == 0 && out.size == 0 ? Status::kOk : vm.give(result, out);
}

}  // namespace

void add_foreign_functions(std::vector<Import>& table) {
  table.push_back(import <"proxy_call_foreign_function", When::kRunning, &call_foreign_function>("env"));
}

}  // namespace sallyport::wasm::abi
