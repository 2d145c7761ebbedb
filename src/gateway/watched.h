// Watched: what a gateway keeps beside a lease to know its key and its session's passes by, made
// once for it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gateway/guard/pass_patterns.h"
#include "guard/value_patterns.h"
#include "lease/holder.h"

namespace strongroom::gateway {

struct Watched {
  std::shared_ptr<const guard::ValuePatterns> key;  ///< null: too short to be told from other text
  std::shared_ptr<const PassPatterns> passes;       ///< null: the session has none

  static const Watched& of(lease::Lease& lease) {
    if (lease.companion() == nullptr) {
      const auto& granted = lease.granted();
      lease.set_companion(std::make_shared<const Watched>(
          Watched{guard::ValuePatterns::make(granted.value), PassPatterns::make(granted.passes)}));
    }
    return *static_cast<const Watched*>(lease.companion().get());
  }
};

}  // namespace strongroom::gateway
