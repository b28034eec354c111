// Shared data: values under keys, common to all VMs of a vm_id.

#include "plugins/wasm/shared_data.h"

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

namespace sallyport::wasm::abi {
namespace {

Status get_shared_data(Vm& vm, GuestRange key_at, GuestRange out, std::uint32_t cas_slot) {
  auto key = vm.memory().read(key_at);
  if (!key) return Status::kInvalidMemoryAccess;
  auto value = vm.state().data.get(*key);
  if (!value) return Status::kNotFound;
  if (!vm.memory().write(cas_slot, sizeof value->cas)) return Status::kInvalidMemoryAccess;
  if (Status status = vm.give(*value->text, out); status != Status::kOk) return status;
  vm.memory().store(cas_slot, value->cas);
  return Status::kOk;
}

Status set_shared_data(Vm& vm, GuestRange key_at, GuestRange value_at, std::uint32_t cas) {
  auto key = vm.memory().read(key_at);
  auto value = vm.memory().read(value_at);
  if (!key || !value) return Status::kInvalidMemoryAccess;
  switch (vm.state().data.set(*key, *value, cas)) {
    case SharedData::Written::kOk:
      return Status::kOk;
    case SharedData::Written::kCasMismatch:
      return Status::kCasMismatch;
    case SharedData::Written::kFull:
      break;
  }
  vm.warn("the shared data are full; raise max_bytes or max_keys of wasm.shared_data, or let them be evicted");
  return Status::kInternalFailure;
}

}  // namespace

void add_shared_data(std::vector<Import>& table) {
  table.push_back(import <"proxy_get_shared_data", When::kRunning, &get_shared_data>("env"));
  table.push_back(import <"proxy_set_shared_data", When::kRunning, &set_shared_data>("env"));
}

}  // namespace sallyport::wasm::abi
