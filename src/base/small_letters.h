// Small letters of ASCII, whatever the locale says; all other octets stay as they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace strongroom {

[[nodiscard]] constexpr char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr std::string in_small_letters(std::string text) {
  for (char& c : text) c = small_letter(c);
  return text;
}

}  // namespace strongroom
