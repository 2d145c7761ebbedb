// Spending: what was used under each policy today, as the holders settle it.
//
// Used by: vault, which loads and saves it. Without I/O. Threads: the vault's loop. A day is one of
// UTC. What is not saved yet is lost with the process: the caller saves every few seconds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace strongroom::vault {

/// Octets both ways, and units of the policy's budget.
struct Spent {
  std::int64_t day = 0;  ///< days since 1970-01-01
  std::uint64_t bytes = 0;
  std::uint64_t units = 0;
  friend bool operator==(const Spent&, const Spent&) = default;
};

[[nodiscard]] std::int64_t day_of(WallTime time);

class Spending {
 public:
  /// Beyond this a sum no longer grows.
  static constexpr std::uint64_t kMost = 1'000'000'000'000'000'000;
  static constexpr std::size_t kMaxHolders = 256;

  /// As it was saved.
  void load(PolicyId policy, const Spent& spent);
  void add(PolicyId policy, HolderId holder, std::int64_t day, std::uint64_t bytes,
           std::uint64_t units);
  [[nodiscard]] Spent total(PolicyId policy, std::int64_t day) const;
  /// What all but this holder spent: it counts its own itself.
  [[nodiscard]] Spent by_others(PolicyId policy, HolderId holder, std::int64_t day) const;
  /// What it spent stays spent, by others from now on.
  void forget_holder(HolderId holder);
  void forget(PolicyId policy);
  /// Another unit is counted from now on.
  void forget_units(PolicyId policy);

  [[nodiscard]] std::vector<std::pair<PolicyId, Spent>> unsaved() const;
  /// What unsaved() last answered is on disk.
  void mark_saved();
  /// Policies whose sums grew since the last call.
  [[nodiscard]] std::vector<PolicyId> take_grown();

 private:
  struct Sum {
    Spent total;
    std::unordered_map<HolderId, Spent> by_holder;
    bool is_unsaved = false;
    bool has_grown = false;
  };
  std::unordered_map<PolicyId, Sum> sums_;
};

}  // namespace strongroom::vault
