// SealRound: the external seals of a database, asked side by side: whoever asks for one waits for
// it or for whichever opens first, and for 10 s in all.
//
// Used by: ExternalSeals. Threads: one; blocks. A round begins with the first seal that is asked
// for, and ends with the one that has opened: nothing of the others is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/external_seals.h"
#include "base/clock.h"
#include "store/store.h"

namespace strongroom::app {

class SealRound {
 public:
  SealRound(ExternalSeals& external, store::Store& store) : external_(external), store_(store) {}
  Result<Secret> open(const vault::ExternalPlace& place);

 private:
  struct Asked {
    vault::ExternalPlace place;
    std::unique_ptr<external_seal::SealerProcess> process;  ///< until it is answered
    std::optional<Result<Secret>> answer;
  };
  Status begin();
  [[nodiscard]] Asked* find(const vault::ExternalPlace& place);
  [[nodiscard]] bool has_opened() const;
  void wait_for_any();
  void finish(Asked& asked);
  ExternalSeals& external_;
  store::Store& store_;
  SystemClock clock_;
  SteadyTime end_{};
  std::vector<Asked> asked_;  ///< those that were not asked for yet
};

}  // namespace strongroom::app
