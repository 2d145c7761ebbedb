// SealRound: the external seals of a database or a backup, asked side by side: whoever asks for one
// waits for it, or for whichever opens first where any one will do, and for 10 s in all.
//
// Used by: ExternalSeals. Threads: one; blocks. A round begins with the first seal that is asked
// for. Where any one will do it ends with the one that has opened: nothing of the others is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/external_seals.h"
#include "base/clock.h"
#include "store/store.h"

namespace strongroom::app {

class SealRound {
 public:
  SealRound(ExternalSeals& external, Wanted wanted) : external_(external), wanted_(wanted) {}
  /// Which seals the next round is of; others are asked by themselves.
  void expect(std::span<const store::Seal> seals);
  Result<Secret> open(const vault::ExternalPlace& place);

 private:
  struct Asked {
    vault::ExternalPlace place;
    std::unique_ptr<external_seal::SealerProcess> process;  ///< until it is answered
    std::optional<Result<Secret>> answer;
  };
  void begin();
  [[nodiscard]] Asked* find(const vault::ExternalPlace& place);
  [[nodiscard]] bool is_another_enough() const;
  void wait_for_any();
  void finish(Asked& asked);
  ExternalSeals& external_;
  Wanted wanted_;
  std::vector<vault::ExternalPlace> expected_;
  SystemClock clock_;
  SteadyTime end_{};
  std::vector<Asked> asked_;  ///< those that were not asked for yet
};

}  // namespace strongroom::app
