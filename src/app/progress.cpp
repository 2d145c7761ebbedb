// SPDX-License-Identifier: Apache-2.0
#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace strongroom::app {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
constexpr std::uint64_t kBar = 20;
/// Back to the first column, and everything behind it gone.
constexpr const char* kFromTheStart = "\r\x1b[K";

}  // namespace

Progress::Progress(Format format) {
  if (format == Format::People) screen_ = screen_of(STDERR_FILENO);
}

Progress::~Progress() {
  if (is_shown_) std::fputs(kFromTheStart, stderr);
}

bool Progress::is_due() {
  if (!screen_.is_terminal) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return false;
  next_ = now + kEvery;
  return true;
}

void Progress::draw(const std::string& line) {
  is_shown_ = true;
  std::fputs((kFromTheStart + shortened(line, screen_.columns - 1)).c_str(), stderr);
  std::fflush(stderr);
}

void Progress::show(std::string_view what, std::uint64_t done, std::uint64_t all,
                    std::string_view unit) {
  if (!is_due()) return;
  const std::uint64_t filled = all == 0 ? kBar : std::min(done, all) * kBar / all;
  draw(std::string(what) + "  [" + std::string(filled, '#') + std::string(kBar - filled, '.') +
       "]  " + std::to_string(done) + " of " + std::to_string(all) + " " + std::string(unit));
}

void Progress::show(std::string_view what) {
  if (is_due()) draw(std::string(what));
}

}  // namespace strongroom::app
