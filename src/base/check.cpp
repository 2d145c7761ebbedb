// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace strongroom {

void check_failed(const char* condition, const char* why, const char* file, int line) noexcept {
  std::fprintf(stderr, "strongroom: bug at %s:%d: %s does not hold (%s)\n", file, line, condition,
               why);
  std::abort();
}

}  // namespace strongroom
