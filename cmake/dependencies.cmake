# Every dependency, its version on Debian 12, and why it is here.
#
#   library        version   why
#   fmt            9.1       formatting (libstdc++ 12 has no <format>)
#   nlohmann_json  3.11.2    JSON text to values, hidden behind src/json
#   yaml-cpp       0.7       YAML with line and column marks
#   SQLite         3.40      the embedded store
#   c-ares         1.18      name lookup that never blocks
#   liburing       2.3       the second event loop; the kernel it runs on needs Linux 6.1, or epoll serves
#   PCRE2          10.42     regular expressions with nginx's dialect, JIT and match limits
#   OpenSSL        3.0.19    TLS 1.2 and 1.3, certificates; digests, and signatures for plugins
#   nghttp2        1.52      the frames, streams, windows and HPACK of HTTP/2, as a codec of bytes
#   zlib           1.2.13    gzip bodies, which plugins that edit bodies must read; its CRC-32 places nodes of chash
#   libiberty      20230104    readable names of Rust functions in the traces of traps
#   Wasmtime       48.0.8    the WebAssembly engine and its interpreter (cmake/wasmtime, built once per lock file)
#   WasmEdge       0.17      another WebAssembly engine, optional and in no Debian package (cmake/wasmedge.cmake)
#   GoogleTest     1.12      unit tests;  Google Benchmark 1.7: microbenchmarks
#
# Debian packages: tools/install-packages names them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
if(BUILD_TESTING OR SALLYPORT_BENCHMARKS OR SALLYPORT_FUZZ)
  find_package(GTest REQUIRED)  # fixtures of tests serve the microbenchmarks and fuzz targets, too
endif()
if(SALLYPORT_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
include(cmake/wasmtime.cmake)
include(cmake/wasmedge.cmake)
