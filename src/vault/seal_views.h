// What is told of seals, and of a new root key. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"

namespace strongroom::vault {

/// One way to the root key; any one of them opens.
struct SealView {
  SealId id;
  std::string kind;
  /// A file's path where it is not the usual one, "2 of 3" shares, the name of an external one.
  std::string detail;
  WallTime created{};
  std::string state = "unseen";  ///< "opens", "asks" (somebody), "fails", "unseen"
  std::string why;               ///< of one that fails
  std::optional<WallTime> seen;  ///< when it was looked at
};

/// What a seal by shares is opened by from now on.
struct NewShares {
  SealId seal;
  std::vector<Secret> shares;
};

inline constexpr std::chrono::minutes kRenewalGoodFor{10};

/// A new root key: what was done.
struct RootRotation {
  std::vector<SealView> seals;
  WallTime at{};
  bool is_overwritten = false;  ///< the old keys of file seals were, in their files
  bool is_forgotten = false;    ///< no file of the database holds what the old root key opens
};

}  // namespace strongroom::vault
