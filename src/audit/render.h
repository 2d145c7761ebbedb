// Entries as people and programs read them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"

namespace strongroom::audit {

[[nodiscard]] bool matches(const Entry& entry, const Filter& filter);
/// `end` may be null: the use is still under way, or its holder was lost.
[[nodiscard]] json::object render(const Entry& entry, const Settled* end);

}  // namespace strongroom::audit
