// The id of a session ticket (base/id.h). SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/id.h"

namespace strongroom {

struct TicketTag {
  static constexpr std::string_view kPrefix = "tkt";
};
using TicketId = Id<TicketTag>;

}  // namespace strongroom
