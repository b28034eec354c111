// Header maps: read, change, replace.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"
#include "plugins/wasm/abi/header_map.h"

namespace sallyport::wasm::abi {
namespace {

bool is_map(std::uint32_t type) { return type < kMapTypes; }

Status get_header_map_size(Vm& vm, std::uint32_t type, std::uint32_t size_slot) {
  if (!is_map(type)) return Status::kBadArgument;
  Reading reading(vm);
  PairsSize size;
  HeaderMap(vm, static_cast<MapType>(type)).for_each([&](auto name, auto value) { size.add(name, value); });
  auto bytes = size.count == 0 ? 0u : static_cast<std::uint32_t>(size.bytes);
  return vm.memory().store(size_slot, bytes) ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status get_header_map_pairs(Vm& vm, std::uint32_t type, GuestRange out) {
  if (!is_map(type)) return Status::kBadArgument;
  Reading reading(vm);
  HeaderMap map(vm, static_cast<MapType>(type));
  PairsSize size;
  map.for_each([&](auto name, auto value) { size.add(name, value); });
  if (size.count == 0) return vm.give({}, out);
  Vm::Block block;
  auto bytes = static_cast<std::uint32_t>(size.bytes);
  if (Status status = vm.allocate(bytes, block); status != Status::kOk) return status;
  PairsWriter writer(block.bytes, size.count);
  map.for_each([&](auto name, auto value) { writer.add(name, value); });
  return vm.give_block(block, bytes, out);
}

Status set_header_map_pairs(Vm& vm, std::uint32_t type, GuestRange bytes) {
  if (!is_map(type)) return Status::kBadArgument;
  auto serialized = vm.memory().read(bytes);
  if (!serialized) return Status::kInvalidMemoryAccess;
  auto pairs = read_pairs(*serialized);
  if (!pairs) {
    vm.warn("the headers to be set are malformed");
    return Status::kBadArgument;
  }
  HeaderMap(vm, static_cast<MapType>(type)).set_all(*pairs);
  return Status::kOk;
}

Status get_header_map_value(Vm& vm, std::uint32_t type, GuestRange name_at, GuestRange out) {
  if (!is_map(type)) return Status::kBadArgument;
  auto name = vm.memory().read(name_at);
  if (!name) return Status::kInvalidMemoryAccess;
  Reading reading(vm);
  auto value = HeaderMap(vm, static_cast<MapType>(type)).get(*name);
  if (value) return vm.give(*value, out);
  if (vm.spec().module->abi == AbiVersion::k010) return vm.give({}, out);
  return Status::kNotFound;
}

Status add_header_map_value(Vm& vm, std::uint32_t type, GuestRange name_at, GuestRange value_at) {
  if (!is_map(type)) return Status::kBadArgument;
  auto name = vm.memory().read(name_at);
  auto value = vm.memory().read(value_at);
  if (!name || !value) return Status::kInvalidMemoryAccess;
  HeaderMap(vm, static_cast<MapType>(type)).add(*name, *value);
  return Status::kOk;
}

Status replace_header_map_value(Vm& vm, std::uint32_t type, GuestRange name_at, GuestRange value_at) {
  if (!is_map(type)) return Status::kBadArgument;
  auto name = vm.memory().read(name_at);
  auto value = vm.memory().read(value_at);
  if (!name || !value) return Status::kInvalidMemoryAccess;
  HeaderMap(vm, static_cast<MapType>(type)).replace(*name, *value);
  return Status::kOk;
}

Status remove_header_map_value(Vm& vm, std::uint32_t type, GuestRange name_at) {
  if (!is_map(type)) return Status::kBadArgument;
  auto name = vm.memory().read(name_at);
  if (!name) return Status::kInvalidMemoryAccess;
  HeaderMap(vm, static_cast<MapType>(type)).remove(*name);
  return Status::kOk;
}

}  // namespace

void add_headers(std::vector<Import>& table) {
  constexpr auto kKeeping = When::kKeeping;
  table.push_back(import <"proxy_get_header_map_size", When::kRunning, &get_header_map_size>("env"));
  table.push_back(import <"proxy_get_header_map_pairs", When::kRunning, &get_header_map_pairs>("env"));
  table.push_back(import <"proxy_set_header_map_pairs", kKeeping, &set_header_map_pairs>("env"));
  table.push_back(import <"proxy_get_header_map_value", When::kRunning, &get_header_map_value>("env"));
  table.push_back(import <"proxy_add_header_map_value", kKeeping, &add_header_map_value>("env"));
  table.push_back(import <"proxy_replace_header_map_value", kKeeping, &replace_header_map_value>("env"));
  table.push_back(import <"proxy_remove_header_map_value", kKeeping, &remove_header_map_value>("env"));
}

}  // namespace sallyport::wasm::abi
