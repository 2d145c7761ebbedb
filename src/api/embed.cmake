# Writes the console's files as one C++ source: cmake -DOUT=... -DFOLDER=... -DFILES="a;b" -P embed.cmake
set(arrays "")
set(table "")
set(number 0)
foreach(file ${FILES})
  file(READ ${FOLDER}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," octets "${hex}")
  string(APPEND arrays "constexpr char kFile${number}[] = {${octets}'\\0'};\n")
  string(APPEND table "    ConsoleFile{\"/${file}\", std::string_view(kFile${number}, sizeof(kFile${number}) - 1)},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// Made by src/api/embed.cmake from console/. Not edited by hand. SPDX-License-Identifier: Apache-2.0
#include \"api/console_files.h\"

#include <array>

namespace strongroom::api {
namespace {
${arrays}
constexpr std::array kFiles = {
${table}};
}  // namespace

std::span<const ConsoleFile> console_files() { return kFiles; }

}  // namespace strongroom::api
")
