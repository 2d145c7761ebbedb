// SPDX-License-Identifier: Apache-2.0
#include "workroom/quoted_line.h"

namespace strongroom::workroom {

std::string quoted_line(std::string_view text) {
  constexpr std::size_t kLongest = 400;
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string out;
  for (const char c : text.substr(0, kLongest))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return out;
}

}  // namespace strongroom::workroom
