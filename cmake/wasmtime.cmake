# The imported target `wasmtime`: a static library with Wasmtime's C API, and its headers.
# Built from cmake/wasmtime by tools/build-wasmtime into a directory outside the build tree, one per lock file and
# compiler; -DWASMTIME_ROOT= takes a prebuilt one instead.
set(wasmtime_root ${WASMTIME_ROOT})
if(NOT wasmtime_root)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/build-wasmtime --print-root
                  OUTPUT_VARIABLE wasmtime_root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT EXISTS ${wasmtime_root}/lib/libwasmtime_c_api.a)
  message(FATAL_ERROR "Wasmtime is not built: ${wasmtime_root}/lib/libwasmtime_c_api.a is missing. "
                      "Run tools/build-wasmtime, or name a prebuilt one with -DWASMTIME_ROOT=.")
endif()
add_library(wasmtime STATIC IMPORTED)
set_target_properties(wasmtime PROPERTIES IMPORTED_LOCATION ${wasmtime_root}/lib/libwasmtime_c_api.a)
target_include_directories(wasmtime SYSTEM INTERFACE ${wasmtime_root}/include)
target_link_libraries(wasmtime INTERFACE Threads::Threads dl m)
