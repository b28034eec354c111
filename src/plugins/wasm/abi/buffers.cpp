// Buffers: bodies, which can be edited, answers to HTTP calls and configurations.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <limits>

namespace sallyport::wasm::abi {
namespace {

BodyBuffer* body_of(Vm& vm, BufferType type) {
  HttpContext* http = vm.effective().http;
  if (!http) return nullptr;
  BodyBuffer* body = type == BufferType::kRequestBody    ? &http->request_body
                     : type == BufferType::kResponseBody ? &http->response_body
                                                         : nullptr;
  return body && body->is_open() ? body : nullptr;
}

std::optional<std::string_view> text_of(Vm& vm, BufferType type) {
  if (type == BufferType::kVmConfiguration) return vm.spec().vm_config;
  const RootContext* root = vm.effective().root;
  if (type == BufferType::kPluginConfiguration && root) return root->conf.configuration;
  if (!root || !root->answered) return std::nullopt;
  const Callback callback = root->answered->callback;
  const bool has_it = (type == BufferType::kHttpCallBody && callback == Callback::kHttpCallResponse) ||
                      (type == BufferType::kGrpcMessage && callback == Callback::kGrpcReceive);
  if (has_it) return root->answered->body;
  return std::nullopt;
}

Status give_part(Vm& vm, std::string_view text, std::uint32_t start, std::uint32_t longest, GuestRange out) {
  if (start >= text.size()) return vm.give({}, out);
  return vm.give(text.substr(start, longest), out);
}

Status give_part(Vm& vm, const BodyBuffer& body, std::uint32_t start, std::uint32_t longest, GuestRange out) {
  if (start >= body.size() || longest == 0) return vm.give({}, out);
  auto size = static_cast<std::uint32_t>(std::min<std::size_t>(longest, body.size() - start));
  Vm::Block block;
  if (Status status = vm.allocate(size, block); status != Status::kOk) return status;
  body.copy(start, size, block.bytes);
  return vm.give_block(block, size, out);
}

Status get_buffer_bytes(Vm& vm, std::uint32_t type_number, std::uint32_t start, std::uint32_t longest, GuestRange out) {
  if (type_number >= kBufferTypes) return Status::kBadArgument;
  auto type = static_cast<BufferType>(type_number);
  if (const BodyBuffer* body = body_of(vm, type)) return give_part(vm, *body, start, longest, out);
  if (auto text = text_of(vm, type)) return give_part(vm, *text, start, longest, out);
  return Status::kNotFound;
}

Status get_buffer_status(Vm& vm, std::uint32_t type_number, std::uint32_t size_slot, std::uint32_t flags_slot) {
  if (type_number >= kBufferTypes) return Status::kBadArgument;
  auto type = static_cast<BufferType>(type_number);
  std::size_t size = 0;
  if (const BodyBuffer* body = body_of(vm, type))
    size = body->size();
  else if (auto text = text_of(vm, type))
    size = text->size();
  else
    return Status::kNotFound;
  bool stored = vm.memory().store(size_slot, static_cast<std::uint32_t>(size)) && vm.memory().store(flags_slot, 0u);
  return stored ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status set_buffer_bytes(Vm& vm, std::uint32_t type_number, std::uint32_t start, std::uint32_t size,
                        GuestRange bytes_at) {
  if (type_number >= kBufferTypes) return Status::kBadArgument;
  auto bytes = vm.memory().read(bytes_at);
  if (!bytes) return Status::kInvalidMemoryAccess;
  BodyBuffer* body = body_of(vm, static_cast<BufferType>(type_number));
  if (!body) {
    vm.warn("a body is left as it is: it can be changed only while its own callback runs or its plugin holds it");
    return Status::kOk;
  }
  if (body->size() + bytes->size() > vm.spec().limits.memory_bytes) {
    return vm.trap("it made a body longer than its own memory may be");
  }
  body->splice(start, size, *bytes);
  return Status::kOk;
}

// 0.1.0: the configuration of whatever is being configured.
Status get_configuration(Vm& vm, GuestRange out) {
  bool of_vm = vm.running_callback() == Callback::kVmStart;
  auto text = text_of(vm, of_vm ? BufferType::kVmConfiguration : BufferType::kPluginConfiguration);
  return vm.give(text.value_or(std::string_view()), out);
}

}  // namespace

void add_buffers(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_get_buffer_bytes", kRunning, &get_buffer_bytes>("env"));
  table.push_back(import <"proxy_get_buffer_status", kRunning, &get_buffer_status>("env"));
  table.push_back(import <"proxy_set_buffer_bytes", kRunning, &set_buffer_bytes>("env"));
  table.push_back(import <"proxy_get_configuration", kRunning, &get_configuration>("env"));
}

}  // namespace sallyport::wasm::abi
