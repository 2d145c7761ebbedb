// Tail: reading the record on from where one has got to, checking its chain on the way.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "audit/entries.h"
#include "audit/segments.h"

namespace strongroom::audit {

/// A place in the record, behind so many entries.
struct Place {
  std::uint64_t entries = 0;
  std::size_t segment = 0;
  std::uint64_t offset = 0;
  crypto::Digest head{};  ///< of the chain
};

/// Where one reading ends; it has one entry at least, if there is one.
struct TailLimits {
  std::size_t entries = 0;
  std::size_t octets = 0;
};

/// Gets the number of an entry in the tree (0: the first).
using TailVisitor = std::function<void(std::uint64_t index, const Entry&)>;

/// From `from` on, nothing behind `until`. Answers the place behind the last entry that was
/// visited. Tampered where the record ends before `from`, or does not go on as its chain says.
[[nodiscard]] Result<Place> read_tail(const std::string& directory, const Place& from,
                                      WrittenUpTo until, TailLimits limits,
                                      const TailVisitor& visit);

}  // namespace strongroom::audit
