# Writes a table of the console's files, as they were built, as one C++ source: cmake -DOUT=... -DFOLDER=... -P embed.cmake
# The assembler takes the files in: as initialisers of arrays they would keep the compiler busy for many seconds.
set(externs "")
set(asm "")
set(table "")
set(number 0)
file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE ${FOLDER} ${FOLDER}/*)
list(FILTER files EXCLUDE REGEX "\\.gz$")
list(SORT files)
function(take_in symbol path)
  file(SHA256 ${path} hash)
  string(APPEND asm "asm(R\"(
  .pushsection .rodata
  # SHA-256 ${hash}
  .balign 16
  .hidden ${symbol}
  .global ${symbol}
  .hidden ${symbol}_end
  .global ${symbol}_end
${symbol}:
  .incbin \"${path}\"
${symbol}_end:
  .popsection
)\");\n")
  string(APPEND externs "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  set(asm "${asm}" PARENT_SCOPE)
  set(externs "${externs}" PARENT_SCOPE)
endfunction()
foreach(file ${files})
  set(symbol "strongroom_console_${number}")
  take_in(${symbol} ${FOLDER}/${file})
  set(compressed "{}")
  if(EXISTS ${FOLDER}/${file}.gz)
    take_in(${symbol}_gz ${FOLDER}/${file}.gz)
    set(compressed "between(${symbol}_gz, ${symbol}_gz_end)")
  endif()
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 32 tag)
  string(APPEND table "    ConsoleFile{\"/${file}\", between(${symbol}, ${symbol}_end),\n                ${compressed}, \"\\\"${tag}\\\"\"},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// Made by src/api/embed.cmake from the console as it was built. Not edited by hand. SPDX-License-Identifier: Apache-2.0
#include \"api/console_files.h\"

#include <array>

${asm}
extern \"C\" {
${externs}}

namespace strongroom::api {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const ConsoleFile> console_files() {
  static const std::array kFiles = {
${table}  };
  return kFiles;
}

}  // namespace strongroom::api
")
