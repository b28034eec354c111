// What each function of WASI and each that languages import beside it answers, as rows; `every_call_test.cpp` makes the
// calls.

#include "plugins/wasm/abi/call_rows_fixture.h"

namespace sallyport::wasm::abi {
namespace {

using enum Errno;

// Of what is read with a vector: the bytes at 1000, which is where the first argument in memory lies.
std::string vector_of(std::uint32_t size) { return words({1000, size}); }

std::vector<Row> of_descriptors() {
  return {
      Row("fd_write", {number(1), bytes(vector_of(4)), number(1), slot()}, kSuccess).stores(4),
      Row("fd_write", {number(2), bytes(vector_of(4)), number(0), slot()}, kSuccess).in(Place::kStart).stores(0),
      {"fd_write", {number(3), bytes(vector_of(4)), number(1), slot()}, kBadDescriptor},
      {"fd_write", {number(1), bytes(vector_of(4)), number(1025), slot()}, kInvalid},
      {"fd_write", {number(1), bytes(vector_of(70'000)), number(1), slot()}, kFault},
      {"fd_write", {number(1), number(65'533), number(1), slot()}, kFault},
      Row("fd_pwrite", {number(1), bytes(vector_of(4)), number(1), long_number(9), slot()}, kSuccess).stores(4),
      {"fd_pwrite", {number(0), bytes(vector_of(4)), number(1), long_number(9), slot()}, kBadDescriptor},
      {"fd_pwrite", {number(1), bytes(vector_of(4)), number(-1), long_number(9), slot()}, kInvalid},
      {"fd_pwrite", {number(1), number(-8), number(1), long_number(9), slot()}, kFault},
      {"fd_read", {number(0), number(1000), number(1), number(16)}, kNoSystemCall},
      {"fd_pread", {number(0), number(1000), number(1), long_number(0), number(16)}, kNoSystemCall},
      {"fd_seek", {number(1), long_number(0), number(0), number(16)}, kSuccess},
      Row("fd_tell", {number(2), slot()}, kSuccess).stores(0),
      {"fd_tell", {number(0), slot()}, kBadDescriptor},
      {"fd_close", {number(9)}, kSuccess},
      Row("fd_fdstat_get", {number(1), slot()}, kSuccess).stores(0),
      {"fd_fdstat_get", {number(3), slot()}, kBadDescriptor},
      {"fd_fdstat_set_flags", {number(1), number(0)}, kNoSystemCall},
      {"fd_fdstat_set_rights", {number(1), long_number(0), long_number(0)}, kSuccess},
      {"fd_fdstat_set_rights", {number(0), long_number(0), long_number(0)}, kBadDescriptor},
      {"fd_advise", {number(9), long_number(0), long_number(0), number(0)}, kSuccess},
      {"fd_allocate", {number(2), long_number(0), long_number(0)}, kSuccess},
      {"fd_allocate", {number(3), long_number(0), long_number(0)}, kBadDescriptor},
      {"fd_datasync", {number(1)}, kSuccess},
      {"fd_datasync", {number(0)}, kBadDescriptor},
      {"fd_sync", {number(1)}, kSuccess},
      {"fd_sync", {number(0)}, kBadDescriptor},
      {"fd_filestat_get", {number(1), number(16)}, kBadDescriptor},
      {"fd_filestat_set_size", {number(1), long_number(0)}, kSuccess},
      {"fd_filestat_set_size", {number(0), long_number(0)}, kBadDescriptor},
      {"fd_filestat_set_times", {number(1), long_number(0), long_number(0), number(0)}, kSuccess},
      {"fd_filestat_set_times", {number(0), long_number(0), long_number(0), number(0)}, kBadDescriptor},
      Row("fd_readdir", {number(3), number(1000), number(8), long_number(0), slot()}, kNotDirectory).stores(0),
      {"fd_readdir", {number(3), number(1000), number(8), long_number(0), number(-2)}, kFault},
      {"fd_renumber", {number(1), number(2)}, kNotSupported},
      {"fd_renumber", {number(3), number(2)}, kBadDescriptor},
      {"fd_prestat_get", {number(3), number(16)}, kBadDescriptor},
      {"fd_prestat_dir_name", {number(3), text("/")}, kNoSystemCall},
  };
}

std::vector<Row> of_paths_and_sockets() {
  return {
      {"path_open",
       {number(3), number(0), text("/f"), number(0), long_number(0), long_number(0), number(0), number(16)},
       kNoEntry},
      {"path_create_directory", {number(3), text("/f")}, kNotSupported},
      {"path_remove_directory", {number(3), text("/f")}, kNotSupported},
      {"path_unlink_file", {number(3), text("/f")}, kNotSupported},
      {"path_filestat_get", {number(3), number(0), text("/f"), number(16)}, kNotSupported},
      {"path_filestat_set_times",
       {number(3), number(0), text("/f"), long_number(0), long_number(0), number(0)},
       kNotSupported},
      {"path_link", {number(3), number(0), text("/f"), number(3), text("/g")}, kNotSupported},
      {"path_symlink", {text("/f"), number(3), text("/g")}, kNotSupported},
      {"path_readlink", {number(3), text("/f"), text("to"), number(16)}, kNotSupported},
      {"path_rename", {number(3), text("/f"), number(3), text("/g")}, kNotSupported},
      {"sock_accept", {number(3), number(0), number(16)}, kNotSupported},
      {"sock_recv", {number(3), number(1000), number(1), number(0), number(16), number(20)}, kNotSupported},
      {"sock_send", {number(3), number(1000), number(1), number(0), number(16)}, kNotSupported},
      {"sock_shutdown", {number(3), number(0)}, kNotSupported},
  };
}

// The settings have the variable A=1.
std::vector<Row> of_environment() {
  return {
      Row("environ_sizes_get", {slot(), slot()}, kSuccess).stores(1),
      Row("environ_get", {slot(), slot()}, kSuccess).in(Place::kStart),
      {"environ_get", {number(16), number(65'534)}, kFault},
      Row("args_sizes_get", {slot(), slot()}, kSuccess).stores(0),
      {"args_get", {number(16), number(24)}, kSuccess},
      {"clock_time_get", {number(0), long_number(1), slot()}, kSuccess},
      {"clock_time_get", {number(1), long_number(1), slot()}, kSuccess},
      {"clock_time_get", {number(2), long_number(1), slot()}, kNotSupported},
      Row("clock_res_get", {number(1), slot()}, kSuccess).stores(1),
      {"clock_res_get", {number(2), slot()}, kNotSupported},
      {"random_get", {slot(), number(16)}, kSuccess},
      {"random_get", {number(-1), number(0)}, kSuccess},
      {"random_get", {number(0), number(65'537)}, kInvalid},
      {"random_get", {number(65'535), number(2)}, kFault},
      {"sched_yield", {}, kSuccess},
      Row("poll_oneoff", {number(1000), number(2000), number(1), slot()}, kSuccess).stores(0),
      {"proc_raise", {number(6)}, kNotSupported},
      {"proc_exit", {number(0)}, Row::kTraps},
      {"proc_exit", {number(1)}, Row::kTraps},
  };
}

}  // namespace

std::vector<Row> wasi_rows() {
  std::vector<Row> rows = of_descriptors();
  for (auto group : {of_paths_and_sockets, of_environment}) {
    for (Row& row : group()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> runtime_rows() {
  return {
      {"pthread_equal", {number(5), number(5)}, 1u},
      {"pthread_equal", {number(5), number(6)}, 0u},
      {"seed", {}, 0u},
      {"trace", {number(1000), number(0), decimal(), decimal(), decimal(), decimal(), decimal()}, 0u},
      {"emscripten_notify_memory_growth", {number(0)}, 0u},
      {"abort", {number(1000), number(1000), number(7), number(1)}, Row::kTraps},
  };
}

}  // namespace sallyport::wasm::abi
