// Shares as people keep them: "strongroom-share-1", the seal they belong to, how many are needed,
// which one it is, 64 hexadecimal digits and 8 more that tell a typing mistake, joined by '-'.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/shares.h"

namespace strongroom::vault {

struct ReadShare {
  std::string seal;  ///< the first eight digits of its id
  unsigned threshold = 0;
  crypto::Share share;
};

[[nodiscard]] Secret share_text(SealId seal, unsigned threshold, const crypto::Share& share);
/// Invalid with a sentence that repeats nothing of it. Blanks and a line end around it are allowed.
[[nodiscard]] Result<ReadShare> read_share(const Secret& text);
/// How shares name a seal.
[[nodiscard]] std::string mark_of(SealId seal);

}  // namespace strongroom::vault
