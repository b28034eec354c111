# The target `wasmedge_headers`: those of WasmEdge's C API, where they are installed (WASMEDGE_DIR names another place).
# With them `wasm.engine: wasmedge` is built in; its library is looked for when the program runs.
add_library(wasmedge_headers INTERFACE)
find_path(WASMEDGE_INCLUDE wasmedge/wasmedge.h HINTS ${WASMEDGE_DIR}/include $ENV{WASMEDGE_DIR}/include)
if(WASMEDGE_INCLUDE)
  message(STATUS "wasm.engine: wasmedge is built, with the headers in ${WASMEDGE_INCLUDE}")
  target_include_directories(wasmedge_headers SYSTEM INTERFACE ${WASMEDGE_INCLUDE})
else()
  message(STATUS "wasm.engine: wasmedge is NOT BUILT: no wasmedge/wasmedge.h is found; WASMEDGE_DIR names where WasmEdge is")
endif()
