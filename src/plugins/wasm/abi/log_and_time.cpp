// Log lines, levels, clocks.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <chrono>

namespace sallyport::wasm::abi {
namespace {

Status log(Vm& vm, std::uint32_t level, GuestRange message_at) {
  if (level >= kLogLevels) return Status::kBadArgument;
  auto message = vm.memory().read(message_at);
  if (!message) return Status::kInvalidMemoryAccess;
  vm.log().write(static_cast<LogLevel>(level), *message);
  return Status::kOk;
}

Status get_log_level(Vm& vm, std::uint32_t level_slot) {
  auto level = static_cast<std::uint32_t>(vm.log().lowest());
  return vm.memory().store(level_slot, level) ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status get_current_time_nanoseconds(Vm& vm, std::uint32_t time_slot) {
  auto since_epoch = vm.spec().clock->wall().time_since_epoch();
  auto time = static_cast<std::uint64_t>(std::chrono::nanoseconds(since_epoch).count());
  return vm.memory().store(time_slot, time) ? Status::kOk : Status::kInvalidMemoryAccess;
}

}  // namespace

void add_log_and_time(std::vector<Import>& table) {
  table.push_back(import <"proxy_log", When::kAlways, &log>("env"));
  table.push_back(import <"proxy_get_log_level", When::kAlways, &get_log_level>("env"));
  table.push_back(import <"proxy_get_current_time_nanoseconds", When::kAlways, &get_current_time_nanoseconds>("env"));
}

}  // namespace sallyport::wasm::abi
