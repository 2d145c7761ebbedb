// Progress of what takes long: one line on standard error that is written over, for people at a
// terminal alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/output.h"
#include "app/screen.h"

namespace strongroom::app {

class Progress {
 public:
  explicit Progress(Format format);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Takes the line away.
  ~Progress();

  /// "what  [#####.....]  50 of 100 keys". Draws ten times a second at most.
  void show(std::string_view what, std::uint64_t done, std::uint64_t all, std::string_view unit);
  /// Where nobody knows how much is still to come.
  void show(std::string_view what);

 private:
  [[nodiscard]] bool is_due();
  void draw(const std::string& line);

  Screen screen_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace strongroom::app
