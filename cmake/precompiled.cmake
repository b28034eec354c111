# Headers of others that most sources include, compiled once for the rooms and once, with GoogleTest, for their tests: a
# third of the time that compiling takes. Off in the preset `dev`, where the compiler's cache then serves every copy of the
# repository, and in `gcc`, which sees whether a source includes what it needs.
option(SALLYPORT_PRECOMPILE "Precompile the headers that most sources include" OFF)
if(NOT SALLYPORT_PRECOMPILE)
  function(use_precompiled target)
  endfunction()
  return()
endif()

# Without times, of which the compiler's cache knows nothing.
add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

set(PRECOMPILED_HEADERS <algorithm> <array> <chrono> <coroutine> <cstdint> <expected> <functional> <map> <memory> <optional>
  <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "int main() {}\n")
add_library(precompiled_rooms STATIC EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cpp)
target_link_libraries(precompiled_rooms PRIVATE fmt::fmt Threads::Threads)
target_precompile_headers(precompiled_rooms PRIVATE ${PRECOMPILED_HEADERS})

# usage: use_precompiled(target): of a room, or of the tests of one.
function(use_precompiled target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    target_precompile_headers(${target} REUSE_FROM precompiled_rooms)
  elseif(type STREQUAL "EXECUTABLE")
    if(NOT TARGET precompiled_tests)
      add_executable(precompiled_tests EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cpp)
      target_link_libraries(precompiled_tests PRIVATE fmt::fmt Threads::Threads GTest::gmock)
      build_quickly(precompiled_tests)
      target_precompile_headers(precompiled_tests PRIVATE ${PRECOMPILED_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
    endif()
    target_precompile_headers(${target} REUSE_FROM precompiled_tests)
  endif()
endfunction()
