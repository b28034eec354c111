# room(<folder> [USES <room>...] [LINKS <external target>...])
#
# One folder of src/, with its subfolders that are no rooms themselves. A room may include only its own headers and those
# of the rooms it USES, and may USE only rooms declared above it. The first is checked by tools/check-rooms, which is
# part of every build; the second here. Test suites whose name ends with Concurrency also run alone, as the test
# <folder>/concurrency with the label `concurrency`: those are what the thread sanitizer looks at. Each x_benchmark.cpp
# makes a binary of its own, with SALLYPORT_BENCHMARKS.
set(ROOM_NAMES "" CACHE INTERNAL "rooms declared so far")
set(ROOM_TABLE "" CACHE INTERNAL "one line a room: name: used rooms")

if(NOT TARGET all_headers_alone AND SALLYPORT_VERIFY_HEADERS)
  add_custom_target(all_headers_alone ALL)
endif()

add_custom_target(concurrency_tests)

function(room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" id ${name})
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${folder}/*.h)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${folder}/*_test.cpp)
  file(GLOB_RECURSE benchmarks CONFIGURE_DEPENDS ${folder}/*_benchmark.cpp)
  list(REMOVE_ITEM sources ${tests} ${benchmarks} ${folder}/main.cpp)

  if(sources)
    set(scope PUBLIC)
    add_library(room_${id} STATIC ${sources})
  else()
    set(scope INTERFACE)
    add_library(room_${id} INTERFACE)
  endif()
  target_include_directories(room_${id} ${scope} ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(room_${id} ${scope} fmt::fmt Threads::Threads ${ROOM_LINKS})

  foreach(used IN LISTS ROOM_USES)
    string(REPLACE "/" "_" used_id ${used})
    if(NOT TARGET room_${used_id})
      message(FATAL_ERROR "room '${name}' uses '${used}', which is not declared above it: rooms depend downwards only")
    endif()
    target_link_libraries(room_${id} ${scope} room_${used_id})
  endforeach()
  list(JOIN ROOM_USES " " uses)
  set(ROOM_TABLE ${ROOM_TABLE} "${name}: ${uses}" CACHE INTERNAL "")

  if(SALLYPORT_VERIFY_HEADERS)
    set(alone "")
    foreach(header IN LISTS headers)
      file(RELATIVE_PATH path ${CMAKE_CURRENT_SOURCE_DIR} ${header})
      string(MAKE_C_IDENTIFIER ${path} unit)
      set(unit ${CMAKE_BINARY_DIR}/headers_alone/${unit}.cpp)
      file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${path}\"\n")
      list(APPEND alone ${unit})
    endforeach()
    if(alone)
      add_library(headers_${id} OBJECT ${alone})
      target_link_libraries(headers_${id} PRIVATE room_${id})
      add_dependencies(all_headers_alone headers_${id})
    endif()
  endif()

  if(tests AND BUILD_TESTING)
    add_executable(test_${id} ${tests})
    target_link_libraries(test_${id} PRIVATE room_${id} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND test_${id} --gtest_brief=1)
    foreach(test IN LISTS tests)
      file(STRINGS ${test} concurrent REGEX "^TEST(_F|_P)?\\([A-Za-z]*Concurrency,")
      if(concurrent)
        add_test(NAME ${name}/concurrency COMMAND test_${id} --gtest_brief=1 --gtest_filter=*Concurrency.*)
        set_tests_properties(${name}/concurrency PROPERTIES LABELS concurrency)
        add_dependencies(concurrency_tests test_${id})
        break()
      endif()
    endforeach()
  endif()

  if(SALLYPORT_BENCHMARKS)
    foreach(source IN LISTS benchmarks)
      get_filename_component(benchmark ${source} NAME_WE)
      add_executable(${benchmark} ${source})
      target_link_libraries(${benchmark} PRIVATE room_${id} benchmark::benchmark GTest::gtest)
    endforeach()
  endif()
endfunction()

# Call once, after the last room.
function(check_rooms)
  list(JOIN ROOM_TABLE "\n" table)
  file(WRITE ${CMAKE_BINARY_DIR}/rooms.txt "${table}\n")
  add_custom_target(rooms_are_respected ALL
    COMMAND ${CMAKE_SOURCE_DIR}/tools/check-rooms ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/rooms.txt
    COMMENT "Checking that rooms include only what their line in src/CMakeLists.txt names" VERBATIM)
endfunction()
