// WASI preview 1 for plugins: standard output and error are the log, time and randomness are real, variables are those
// that the settings name, and there are no files, no sockets and no arguments. Served under both of its module names.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sallyport::wasm::abi {
namespace {

constexpr std::uint32_t kStandardOutput = 1;
constexpr std::uint32_t kStandardError = 2;
constexpr std::uint32_t kMostVectors = 1024;
constexpr std::size_t kMostBytesWritten = 1 << 20;
constexpr std::uint32_t kMostRandomBytes = 65536;

bool is_output(std::uint32_t descriptor) { return descriptor == kStandardOutput || descriptor == kStandardError; }

Errno stored(bool done) { return done ? Errno::kSuccess : Errno::kFault; }

Errno fd_write(Vm& vm, std::uint32_t descriptor, std::uint32_t vectors, std::uint32_t count,
               std::uint32_t written_slot) {
  if (!is_output(descriptor)) return Errno::kBadDescriptor;
  if (count > kMostVectors) return Errno::kInvalid;
  std::string text;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto at = vm.memory().load<std::uint32_t>(vectors + i * 8);
    auto size = vm.memory().load<std::uint32_t>(vectors + i * 8 + 4);
    if (!at || !size) return Errno::kFault;
    if (text.size() + *size > kMostBytesWritten) return Errno::kInvalid;
    auto bytes = vm.memory().read({*at, *size});
    if (!bytes) return Errno::kFault;
    text += *bytes;
  }
  vm.log().write_text(descriptor == kStandardOutput ? LogLevel::kInfo : LogLevel::kError, text);
  return stored(vm.memory().store(written_slot, static_cast<std::uint32_t>(text.size())));
}

Errno fd_pwrite(Vm& vm, std::uint32_t descriptor, std::uint32_t vectors, std::uint32_t count, std::uint64_t,
                std::uint32_t written_slot) {
  return fd_write(vm, descriptor, vectors, count, written_slot);
}

Errno fd_seek(Vm&, std::uint32_t, std::uint64_t, std::uint32_t, std::uint32_t) { return Errno::kSuccess; }

Errno fd_tell(Vm& vm, std::uint32_t descriptor, std::uint32_t position_slot) {
  if (!is_output(descriptor)) return Errno::kBadDescriptor;
  return stored(vm.memory().store(position_slot, std::uint64_t{0}));
}

Errno fd_fdstat_get(Vm& vm, std::uint32_t descriptor, std::uint32_t at) {
  static constexpr std::uint64_t kMayWrite = 64;
  if (!is_output(descriptor)) return Errno::kBadDescriptor;
  char* bytes = vm.memory().write(at, 24);
  if (!bytes) return Errno::kFault;
  std::memset(bytes, 0, 24);
  std::memcpy(bytes + 8, &kMayWrite, 8);
  return Errno::kSuccess;
}

Errno fd_readdir(Vm& vm, std::uint32_t, GuestRange, std::uint64_t, std::uint32_t used_slot) {
  return vm.memory().store(used_slot, 0u) ? Errno::kNotDirectory : Errno::kFault;
}

Errno args_sizes_get(Vm& vm, std::uint32_t count_slot, std::uint32_t bytes_slot) {
  return stored(vm.memory().store(count_slot, 0u) && vm.memory().store(bytes_slot, 0u));
}

Errno environ_sizes_get(Vm& vm, std::uint32_t count_slot, std::uint32_t bytes_slot) {
  const auto& variables = vm.spec().settings.env;
  std::size_t bytes = 0;
  for (const auto& [name, value] : variables) bytes += name.size() + value.size() + 2;  // '=' and NUL
  return stored(vm.memory().store(count_slot, static_cast<std::uint32_t>(variables.size())) &&
                vm.memory().store(bytes_slot, static_cast<std::uint32_t>(bytes)));
}

// "NAME=value" with a NUL each from `texts` on, and their addresses from `addresses` on.
Errno environ_get(Vm& vm, std::uint32_t addresses, std::uint32_t texts) {
  for (const auto& [name, value] : vm.spec().settings.env) {
    std::string text = name + '=' + value + '\0';
    char* at = vm.memory().write(texts, static_cast<std::uint32_t>(text.size()));
    if (!at || !vm.memory().store(addresses, texts)) return Errno::kFault;
    std::ranges::copy(text, at);
    addresses += 4;
    texts += static_cast<std::uint32_t>(text.size());
  }
  return Errno::kSuccess;
}

Errno clock_time_get(Vm& vm, std::uint32_t clock, std::uint64_t, std::uint32_t time_slot) {
  const Clock& clocks = *vm.spec().clock;
  std::chrono::nanoseconds now;
  if (clock == 0)
    now = clocks.wall().time_since_epoch();
  else if (clock == 1)
    now = clocks.steady().time_since_epoch();
  else
    return Errno::kNotSupported;
  return stored(vm.memory().store(time_slot, static_cast<std::uint64_t>(now.count())));
}

Errno clock_res_get(Vm& vm, std::uint32_t clock, std::uint32_t resolution_slot) {
  if (clock > 1) return Errno::kNotSupported;
  return stored(vm.memory().store(resolution_slot, std::uint64_t{1}));
}

Errno random_get(Vm& vm, GuestRange at) {
  if (at.size > kMostRandomBytes) return Errno::kInvalid;
  if (at.size == 0) return Errno::kSuccess;
  char* bytes = vm.memory().write(at.at, at.size);
  if (!bytes) return Errno::kFault;
  for (std::uint32_t done = 0; done < at.size;) {
    ssize_t got = getrandom(bytes + done, at.size - done, 0);
    if (got > 0) done += static_cast<std::uint32_t>(got);
  }
  return Errno::kSuccess;
}

// Go's scheduler calls it when it has nothing to do; it must not sleep.
Errno poll_oneoff(Vm& vm, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t events_slot) {
  return stored(vm.memory().store(events_slot, 0u));
}

Nothing proc_exit(Vm& vm, std::uint32_t code) {
  vm.exit(code);
  return Nothing::kTrap;
}

template <Errno kResult, class... Args>
Errno always(Vm&, Args...) {
  return kResult;
}

// For calls that succeed on the two outputs and know nothing else.
template <Errno kResult, class... Args>
Errno on_output(Vm&, std::uint32_t descriptor, Args...) {
  return is_output(descriptor) ? kResult : Errno::kBadDescriptor;
}

using U32 = std::uint32_t;
using U64 = std::uint64_t;
using Range = GuestRange;

void add_descriptors(std::vector<Import>& table, std::string_view module) {
  constexpr auto kAlways = When::kAlways;
  constexpr Errno kSuccess = Errno::kSuccess;
  table.push_back(import <"fd_write", kAlways, &fd_write>(module));
  table.push_back(import <"fd_pwrite", kAlways, &fd_pwrite>(module));
  table.push_back(import <"fd_read", kAlways, &always<Errno::kNoSystemCall, U32, U32, U32, U32>>(module));
  table.push_back(import <"fd_pread", kAlways, &always<Errno::kNoSystemCall, U32, U32, U32, U64, U32>>(module));
  table.push_back(import <"fd_seek", kAlways, &fd_seek>(module));
  table.push_back(import <"fd_tell", kAlways, &fd_tell>(module));
  table.push_back(import <"fd_close", kAlways, &always<kSuccess, U32>>(module));
  table.push_back(import <"fd_fdstat_get", kAlways, &fd_fdstat_get>(module));
  table.push_back(import <"fd_fdstat_set_flags", kAlways, &always<Errno::kNoSystemCall, U32, U32>>(module));
  table.push_back(import <"fd_fdstat_set_rights", kAlways, &on_output<kSuccess, U64, U64>>(module));
  table.push_back(import <"fd_advise", kAlways, &always<kSuccess, U32, U64, U64, U32>>(module));
  table.push_back(import <"fd_allocate", kAlways, &on_output<kSuccess, U64, U64>>(module));
  table.push_back(import <"fd_datasync", kAlways, &on_output<kSuccess>>(module));
  table.push_back(import <"fd_sync", kAlways, &on_output<kSuccess>>(module));
  table.push_back(import <"fd_filestat_get", kAlways, &always<Errno::kBadDescriptor, U32, U32>>(module));
  table.push_back(import <"fd_filestat_set_size", kAlways, &on_output<kSuccess, U64>>(module));
  table.push_back(import <"fd_filestat_set_times", kAlways, &on_output<kSuccess, U64, U64, U32>>(module));
  table.push_back(import <"fd_readdir", kAlways, &fd_readdir>(module));
  table.push_back(import <"fd_renumber", kAlways, &on_output<Errno::kNotSupported, U32>>(module));
  table.push_back(import <"fd_prestat_get", kAlways, &always<Errno::kBadDescriptor, U32, U32>>(module));
  table.push_back(import <"fd_prestat_dir_name", kAlways, &always<Errno::kNoSystemCall, U32, Range>>(module));
}

void add_paths_and_sockets(std::vector<Import>& table, std::string_view module) {
  constexpr auto kAlways = When::kAlways;
  constexpr Errno kNo = Errno::kNotSupported;
  table.push_back(
      import <"path_open", kAlways, &always<Errno::kNoEntry, U32, U32, Range, U32, U64, U64, U32, U32>>(module));
  table.push_back(import <"path_create_directory", kAlways, &always<kNo, U32, Range>>(module));
  table.push_back(import <"path_remove_directory", kAlways, &always<kNo, U32, Range>>(module));
  table.push_back(import <"path_unlink_file", kAlways, &always<kNo, U32, Range>>(module));
  table.push_back(import <"path_filestat_get", kAlways, &always<kNo, U32, U32, Range, U32>>(module));
  table.push_back(import <"path_filestat_set_times", kAlways, &always<kNo, U32, U32, Range, U64, U64, U32>>(module));
  table.push_back(import <"path_link", kAlways, &always<kNo, U32, U32, Range, U32, Range>>(module));
  table.push_back(import <"path_symlink", kAlways, &always<kNo, Range, U32, Range>>(module));
  table.push_back(import <"path_readlink", kAlways, &always<kNo, U32, Range, Range, U32>>(module));
  table.push_back(import <"path_rename", kAlways, &always<kNo, U32, Range, U32, Range>>(module));
  table.push_back(import <"sock_accept", kAlways, &always<kNo, U32, U32, U32>>(module));
  table.push_back(import <"sock_recv", kAlways, &always<kNo, U32, U32, U32, U32, U32, U32>>(module));
  table.push_back(import <"sock_send", kAlways, &always<kNo, U32, U32, U32, U32, U32>>(module));
  table.push_back(import <"sock_shutdown", kAlways, &always<kNo, U32, U32>>(module));
}

void add_environment(std::vector<Import>& table, std::string_view module) {
  constexpr auto kAlways = When::kAlways;
  constexpr Errno kSuccess = Errno::kSuccess;
  table.push_back(import <"environ_sizes_get", kAlways, &environ_sizes_get>(module));
  table.push_back(import <"environ_get", kAlways, &environ_get>(module));
  table.push_back(import <"args_sizes_get", kAlways, &args_sizes_get>(module));
  table.push_back(import <"args_get", kAlways, &always<kSuccess, U32, U32>>(module));
  table.push_back(import <"clock_time_get", kAlways, &clock_time_get>(module));
  table.push_back(import <"clock_res_get", kAlways, &clock_res_get>(module));
  table.push_back(import <"random_get", kAlways, &random_get>(module));
  table.push_back(import <"sched_yield", kAlways, &always<kSuccess>>(module));
  table.push_back(import <"poll_oneoff", kAlways, &poll_oneoff>(module));
  table.push_back(import <"proc_exit", kAlways, &proc_exit>(module));
  table.push_back(import <"proc_raise", kAlways, &always<Errno::kNotSupported, U32>>(module));
}

}  // namespace

void add_wasi(std::vector<Import>& table) {
  for (std::string_view module : {"wasi_snapshot_preview1", "wasi_unstable"}) {
    add_descriptors(table, module);
    add_paths_and_sockets(table, module);
    add_environment(table, module);
  }
}

}  // namespace sallyport::wasm::abi
