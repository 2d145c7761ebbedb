// SPDX-License-Identifier: Apache-2.0
#include "app/witness_word.h"

#include <algorithm>

#include "base/log.h"
#include "sinks/witness_answer.h"

namespace strongroom::app {

using sinks::WitnessAnswer;

Result<std::optional<vault::WitnessWord>> word_of_witness(const Clock& clock,
                                                          const audit::Log& record,
                                                          const Config& config) {
  const auto found = std::ranges::find(config.witnesses, config.anchor_witness,
                                       [](const auto& each) { return each.place.name; });
  if (config.anchor_witness.empty() || found == config.witnesses.end()) return std::nullopt;
  WitnessAnswer answer = sinks::ask_witness(clock, record, *found);
  if (answer.is == WitnessAnswer::Is::Missing) {
    if (found->place.is_required)
      return fail(Code::Sealed,
                  "It cannot be told whether an older database was put back. " + answer.why +
                      " Start again once it answers; or take 'witness' out of [anchor], or "
                      "'required' out of its [[audit.witness]].",
                  "anchor_unavailable");
    log(LogLevel::Warning, "witness_not_asked",
        {{"witness", config.anchor_witness}, {"why", answer.why}});
  }
  return vault::WitnessWord{config.anchor_witness, answer.is == WitnessAnswer::Is::Against,
                            answer.seen, std::move(answer.why)};
}

}  // namespace strongroom::app
