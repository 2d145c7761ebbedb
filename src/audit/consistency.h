// Consistency: the proof that the tree has only grown since it had so many entries (RFC
// 9162 2.1.4), read from its tiles. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "audit/note.h"
#include "audit/tile_store.h"

namespace strongroom::audit {

/// From `old_size`, at most the head's, to the head. None for 0 entries and for the head itself.
/// NotFound where a tile was forgotten meanwhile, as the tree has grown: try with a newer head.
[[nodiscard]] Result<std::vector<crypto::Digest>> consistency_proof(const TileStore& store,
                                                                    std::uint64_t old_size,
                                                                    const TreeHead& head);
/// Tampered unless the proof leads from the old root to the head's.
[[nodiscard]] Status check_consistency(const TreeHead& old_head, const TreeHead& head,
                                       const std::vector<crypto::Digest>& proof);

}  // namespace strongroom::audit
