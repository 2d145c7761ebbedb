// Entries as people and programs read them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"

namespace strongroom::audit {

/// Of one that is not the end of a use.
[[nodiscard]] EntryKind kind_of(const Entry& entry);
[[nodiscard]] bool matches(const Entry& entry, const Filter& filter);
/// One entry as it is: its number in the tree ("index"), its kind (use, settled, change or
/// finding) and what it says.
[[nodiscard]] json::object render_line(std::uint64_t index, const Entry& entry);
/// `end` may be null: the use is still under way, or its holder was lost.
[[nodiscard]] json::object render(const Entry& entry, const Settled* end);

}  // namespace strongroom::audit
