// The id of a credential that was made for one session (base/id.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/id.h"

namespace strongroom {

struct DynamicTag {
  static constexpr std::string_view kPrefix = "dyn";
};
using DynamicId = Id<DynamicTag>;

}  // namespace strongroom
