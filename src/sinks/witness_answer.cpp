// SPDX-License-Identifier: Apache-2.0
#include "sinks/witness_answer.h"

#include "io/loop.h"
#include "sinks/witness.h"

namespace strongroom::sinks {
namespace {

io::Task<void> ask(io::Loop& loop, Witness& witness, WitnessAnswer& answer) {
  answer = co_await witness.prove();
  loop.stop();
}

}  // namespace

WitnessAnswer ask_witness(const Clock& clock, const audit::Log& record,
                          const WitnessSettings& settings) {
  // It is asked by showing it something.
  if (record.checkpoint_size() == 0)
    return {WitnessAnswer::Is::Against, 0,
            "The record of use holds nothing that the witness '" + settings.place.name +
                "' could be asked about."};
  io::Loop loop(clock);
  Witness witness(loop, record, settings);
  WitnessAnswer answer;
  loop.spawn(ask(loop, witness, answer));
  loop.run();
  return answer;
}

}  // namespace strongroom::sinks
