// Tables for people: whole and plain in a pipe or a file; on a terminal they fit its width,
// columns in which nothing is are left out, and states have colours. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/screen.h"

namespace strongroom::app {

struct Table {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the headings
};

[[nodiscard]] std::string drawn(const Table& table, const Screen& screen);

/// Of a state, a verdict or an outcome: good, bad or doubtful; anything else is plain.
[[nodiscard]] Style style_of(std::string_view word);

}  // namespace strongroom::app
