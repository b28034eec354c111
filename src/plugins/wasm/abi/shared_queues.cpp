// Shared queues: messages between plugins and workers, with a callback of the root context that registered last.

#include "plugins/wasm/shared_queues.h"

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <algorithm>

namespace sallyport::wasm::abi {
namespace {

SharedQueues& queues(Vm& vm) { return vm.spec().state->queues(); }

Status give_number(Vm& vm, std::uint32_t number, std::uint32_t slot) {
  return vm.memory().store(slot, number) ? Status::kOk : Status::kInvalidMemoryAccess;
}

void listen(RootContext& root, std::uint32_t queue) {
  if (std::ranges::find(root.queues, queue) == root.queues.end()) root.queues.push_back(queue);
  if (root.home) root.home->listen(queue);
}

Status register_shared_queue(Vm& vm, GuestRange name_at, std::uint32_t slot) {
  auto name = vm.memory().read(name_at);
  if (!name || !vm.memory().write(slot, sizeof slot)) return Status::kInvalidMemoryAccess;
  auto queue = queues(vm).open(vm.spec().vm_id(), *name);
  if (!queue) {
    vm.warn("a shared queue was refused: its name is longer than 1024 bytes, or the plugin has 1000 queues");
    return Status::kInternalFailure;
  }
  if (RootContext* root = vm.effective().root) listen(*root, *queue);
  return give_number(vm, *queue, slot);
}

// An empty vm_id is the plugin's own.
Status resolve_shared_queue(Vm& vm, GuestRange vm_id_at, GuestRange name_at, std::uint32_t slot) {
  auto vm_id = vm.memory().read(vm_id_at);
  auto name = vm.memory().read(name_at);
  if (!vm_id || !name) return Status::kInvalidMemoryAccess;
  auto queue = queues(vm).find(vm_id->empty() ? std::string_view(vm.spec().vm_id()) : *vm_id, *name);
  return queue ? give_number(vm, *queue, slot) : Status::kNotFound;
}

Status status_of(SharedQueues::Outcome outcome) {
  switch (outcome) {
    case SharedQueues::Outcome::kOk:
      return Status::kOk;
    case SharedQueues::Outcome::kUnknown:
      return Status::kNotFound;
    case SharedQueues::Outcome::kEmpty:
      return Status::kEmpty;
    case SharedQueues::Outcome::kFull:
      break;
  }
  return Status::kInternalFailure;
}

Status enqueue_shared_queue(Vm& vm, std::uint32_t queue, GuestRange message_at) {
  auto message = vm.memory().read(message_at);
  if (!message) return Status::kInvalidMemoryAccess;
  auto outcome = queues(vm).enqueue(queue, *message);
  if (outcome == SharedQueues::Outcome::kFull) {
    vm.warn("a shared queue is full; read from it faster, or raise the limits of wasm.shared_queues");
  }
  return status_of(outcome);
}

// A message whose place in guest memory cannot be had is lost, as the guest is that asked for it.
Status dequeue_shared_queue(Vm& vm, std::uint32_t queue, GuestRange out) {
  if (!vm.memory().write(out.at, 4) || !vm.memory().write(out.size, 4)) return Status::kInvalidMemoryAccess;
  std::string message;
  auto outcome = queues(vm).dequeue(queue, message);
  return outcome == SharedQueues::Outcome::kOk ? vm.give(message, out) : status_of(outcome);
}

}  // namespace

void add_shared_queues(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_register_shared_queue", kRunning, &register_shared_queue>("env"));
  table.push_back(import <"proxy_resolve_shared_queue", kRunning, &resolve_shared_queue>("env"));
  table.push_back(import <"proxy_enqueue_shared_queue", kRunning, &enqueue_shared_queue>("env"));
  table.push_back(import <"proxy_dequeue_shared_queue", kRunning, &dequeue_shared_queue>("env"));
}

}  // namespace sallyport::wasm::abi
