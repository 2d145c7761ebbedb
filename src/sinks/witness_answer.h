// What a witness says of the record at a start, where it is asked whether an older one was put
// back.
//
// Used by: app. Threads: blocks the one that asks, for half a minute at most.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "audit/log.h"
#include "sinks/settings.h"

namespace strongroom::sinks {

struct WitnessAnswer {
  enum class Is : std::uint8_t {
    Newest,   ///< it has signed, now, that the record has grown from all that it has seen
    Against,  ///< it has seen a newer record, or another one
    Missing,  ///< it was not reached, or says nothing of use
  };
  Is is = Is::Missing;
  std::uint64_t seen = 0;  ///< entries; 0 where it has seen another record
  std::string why;         ///< for people
};
[[nodiscard]] WitnessAnswer ask_witness(const Clock& clock, const audit::Log& record,
                                        const WitnessSettings& settings);

}  // namespace strongroom::sinks
