# The release build inlines and places the gateway's code by how often each part of it ran when tools/profile took
# cmake/release.proftext (docs/decisions/009-profile-guided-release.md). What changed since then is compiled as without.
set(SALLYPORT_PROFILE "" CACHE STRING "use: optimise by cmake/release.proftext; take: count for tools/profile; or nothing")
if(NOT SALLYPORT_PROFILE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  return()
endif()

# Functions with internal linkage are named with their file: its last part, or no other copy of the repository knows them.
add_compile_options("SHELL:-mllvm -static-func-full-module-prefix=false")

if(SALLYPORT_PROFILE STREQUAL "take")
  add_compile_options(-fprofile-generate -fprofile-update=atomic)
  add_link_options(-fprofile-generate)
elseif(SALLYPORT_PROFILE STREQUAL "use")
  find_program(LLVM_PROFDATA llvm-profdata-19 REQUIRED)
  set(profile ${CMAKE_SOURCE_DIR}/cmake/release.proftext)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
  file(SHA256 ${profile} hash)
  string(SUBSTRING ${hash} 0 8 hash)
  set(indexed release-${hash}.profdata)  # another profile is another flag, so that all is built anew
  if(NOT EXISTS ${CMAKE_BINARY_DIR}/${indexed})
    execute_process(COMMAND ${LLVM_PROFDATA} merge -o ${CMAKE_BINARY_DIR}/${indexed} ${profile} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  # Compilers run in the build tree. Without its path the compiler's cache serves every copy of the repository.
  add_compile_options(-fprofile-use=${indexed} -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date)
else()
  message(FATAL_ERROR "SALLYPORT_PROFILE is '${SALLYPORT_PROFILE}'; it may be use, take or empty")
endif()
