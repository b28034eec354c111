"""The functions of the ABI, and those of a module, with their types."""
import re
import subprocess

# Proxy-Wasm ABI 0.2.1: what hosts offer and what they call. One letter a parameter, then the result: i32, I: i64, -: none.
IMPORTS = """
log:iii:i get_log_level:i:i get_current_time_nanoseconds:i:i set_tick_period_milliseconds:i:i get_status:iii:i
set_property:iiii:i get_property:iiii:i continue_stream:i:i close_stream:i:i send_local_response:iiiiiiii:i
get_header_map_size:ii:i get_header_map_pairs:iii:i set_header_map_pairs:iii:i get_header_map_value:iiiii:i
add_header_map_value:iiiii:i replace_header_map_value:iiiii:i remove_header_map_value:iii:i get_buffer_bytes:iiiii:i
get_buffer_status:iii:i set_buffer_bytes:iiiii:i http_call:iiiiiiiiii:i grpc_call:iiiiiiiiiiii:i grpc_stream:iiiiiiiii:i
grpc_send:iiii:i grpc_cancel:i:i grpc_close:i:i get_shared_data:iiiii:i set_shared_data:iiiii:i
register_shared_queue:iii:i resolve_shared_queue:iiiii:i enqueue_shared_queue:iii:i dequeue_shared_queue:iii:i
define_metric:iiii:i increment_metric:iI:i record_metric:iI:i get_metric:ii:i set_effective_context:i:i done::i
call_foreign_function:iiiiii:i"""
WASI_IMPORTS = "fd_write:iiii:i clock_time_get:iIi:i random_get:ii:i environ_sizes_get:ii:i environ_get:ii:i"
EXPORTS = """
abi_version_0_2_1::- on_memory_allocate:i:i on_context_create:ii:- on_done:i:i on_log:i:- on_delete:i:- on_vm_start:ii:i
on_configure:ii:i validate_configuration:ii:i on_tick:i:- on_request_headers:iii:i on_request_body:iii:i
on_request_trailers:ii:i on_response_headers:iii:i on_response_body:iii:i on_response_trailers:ii:i on_new_connection:i:i
on_downstream_data:iii:i on_upstream_data:iii:i on_downstream_connection_close:ii:- on_upstream_connection_close:ii:-
on_http_call_response:iiiii:- on_grpc_receive_initial_metadata:iii:- on_grpc_receive:iii:-
on_grpc_receive_trailing_metadata:iii:- on_grpc_close:iii:- on_queue_ready:ii:- on_foreign_function:iii:-"""


def table(text, prefix=""):
    return {prefix + name: (parameters, result) for name, parameters, result in (word.split(":") for word in text.split())}


def types_of(module):
    """(imports, exports) of a module: name to (parameters, result)."""
    told = subprocess.run(["wasm-objdump", "-x", module], capture_output=True, text=True, check=True).stdout
    letters = {"i32": "i", "i64": "I", "f32": "f", "f64": "F", "nil": "-", "": ""}
    types = {number: ("".join(letters[p] for p in parameters.split(", ")), letters[result]) for number, parameters, result in
             re.findall(r" - type\[(\d+)\] \(([^)]*)\) -> (\w+)", told)}
    functions = {number: types[kind] for number, kind in re.findall(r" - func\[(\d+)\] sig=(\d+)", told)}
    imports = {name: functions[number] for number, name in re.findall(r" - func\[(\d+)\] sig=.* <- (\S+)", told)}
    exports = {name: functions[number] for number, name in re.findall(r' - func\[(\d+)\] .*-> "(\S+)"', told)}
    return imports, exports
