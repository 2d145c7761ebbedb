# Precompiled headers: the libraries' headers that most files include, parsed once for all rooms and once for all their tests. Headers of ours are not
# among them, so a change of ours makes nothing anew that does not include it. A file still names all that it uses: -DSTRONGROOM_PRECOMPILED=OFF builds
# without them.
option(STRONGROOM_PRECOMPILED "Parse the libraries' headers once for all" ON)

set(strongroom_common_headers
  <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <deque> <expected> <filesystem> <fstream> <functional> <list> <map> <memory> <mutex>
  <optional> <random> <set> <span> <sstream> <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector> <boost/json.hpp>)

# Tests are compiled once and run for a moment: optimizing them costs more than it saves. What they test is optimized as it is for users.
add_library(strongroom_test_flags INTERFACE)
target_compile_options(strongroom_test_flags INTERFACE -O0 -U_FORTIFY_SOURCE)
target_link_libraries(strongroom_test_flags INTERFACE strongroom_flags)

# strongroom_precompile(<target> HEADERS ... LIBS ...): an object library whose one object is the precompiled header. CMake's own way names it by where
# this checkout lies, and no cache of compilations could share what includes it. What such a cache tells it from another by is written beside it: the
# text of the headers.
function(strongroom_precompile target)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS" ${ARGN})
  set(header ${CMAKE_BINARY_DIR}/${target}.h)
  list(TRANSFORM ARG_HEADERS REPLACE "(.+)" "#include \\1\n" OUTPUT_VARIABLE text)
  list(JOIN text "" text)
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
  set_source_files_properties(${header} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++-header;-fpch-instantiate-templates")
  add_library(${target} OBJECT ${header})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS})
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++2b -E -P -dD -x c++-header ${header} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 sum "${CMAKE_CXX_COMPILER_VERSION} ${text}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/${target}.dir/${target}.h.o.sum CONTENT "${sum}" @ONLY)
endfunction()

# strongroom_use_precompiled(<target> <precompiled>): every file of the target begins with it.
function(strongroom_use_precompiled target precompiled)
  if(STRONGROOM_PRECOMPILED)
    target_compile_options(${target} PRIVATE "SHELL:-include-pch CMakeFiles/${precompiled}.dir/${precompiled}.h.o")
    add_dependencies(${target} ${precompiled})
  endif()
endfunction()

if(STRONGROOM_PRECOMPILED)
  find_package(Boost 1.81 REQUIRED COMPONENTS json url)
  # Else the file would differ each time it is made, and what includes it could not be cached.
  target_compile_options(strongroom_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  strongroom_precompile(strongroom_headers HEADERS ${strongroom_common_headers} LIBS strongroom_flags Boost::json Boost::url)
  if(STRONGROOM_TESTS)
    find_package(GTest REQUIRED)
    strongroom_precompile(strongroom_test_headers HEADERS ${strongroom_common_headers} <gtest/gtest.h>
      LIBS strongroom_test_flags Boost::json Boost::url GTest::gtest)
    # Programs are compiled with -fPIE, which is another language to the compiler than -fPIC.
    set_target_properties(strongroom_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(strongroom_test_headers PRIVATE -fPIE)
  endif()
endif()
