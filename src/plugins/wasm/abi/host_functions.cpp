#include "plugins/wasm/abi/host_functions.h"

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <algorithm>

namespace sallyport::wasm::abi {
namespace {

std::vector<Import> make_table() {
  std::vector<Import> table;
  add_headers(table);
  add_buffers(table);
  add_properties(table);
  add_streams(table);
  add_log_and_time(table);
  add_shared_data(table);
  add_shared_queues(table);
  add_metrics(table);
  add_ticks(table);
  add_foreign_functions(table);
  add_http_call(table);
  add_grpc_call(table);
  add_wasi(table);
  add_runtimes(table);
  add_dialects(table);
  return table;
}

}  // namespace

std::span<const Import> host_functions() {
  static const std::vector<Import> table = make_table();
  return table;
}

const Import* find_host_function(std::string_view module, std::string_view name) {
  auto table = host_functions();
  auto found =
      std::ranges::find_if(table, [&](const Import& import) { return import.name == name && import.module == module; });
  return found == table.end() ? nullptr : &*found;
}

bool refuse(Vm& vm, std::string_view name) {
  std::string_view when = vm.stage() == Vm::Stage::kStarting ? "while the module starts" : "inside the allocator";
  vm.trap("it called " + std::string(name) + " " + std::string(when) +
          ", where only logging, clocks and WASI can be used");
  return false;
}

bool refuse_to_keep(Vm& vm) {
  vm.trap("it made the gateway keep more than " + std::to_string(Vm::kMostKept >> 20) + " MiB for one exchange");
  return false;
}

}  // namespace sallyport::wasm::abi
