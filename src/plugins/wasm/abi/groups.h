#pragma once
// The host functions by topic; each group adds its own to the table.

#include "plugins/wasm/engine.h"

#include <vector>

namespace sallyport::wasm::abi {

void add_headers(std::vector<Import>& table);
void add_buffers(std::vector<Import>& table);
void add_properties(std::vector<Import>& table);
void add_streams(std::vector<Import>& table);
void add_log_and_time(std::vector<Import>& table);
void add_shared_data(std::vector<Import>& table);
void add_shared_queues(std::vector<Import>& table);
void add_metrics(std::vector<Import>& table);
void add_ticks(std::vector<Import>& table);
void add_foreign_functions(std::vector<Import>& table);
void add_http_call(std::vector<Import>& table);
void add_grpc_call(std::vector<Import>& table);
void add_wasi(std::vector<Import>& table);
void add_runtimes(std::vector<Import>& table);
void add_dialects(std::vector<Import>& table);

}  // namespace sallyport::wasm::abi
