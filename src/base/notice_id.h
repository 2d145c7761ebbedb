// The id of a notice (base/id.h). SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/id.h"

namespace strongroom {

struct NoticeTag {
  static constexpr std::string_view kPrefix = "ntc";
};
using NoticeId = Id<NoticeTag>;

}  // namespace strongroom
