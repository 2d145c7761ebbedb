// Wrapping: a seal's key is 32 random octets, encrypted by a service that holds a key of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "crypto/crypto.h"
#include "sealer/work.h"

namespace strongroom::sealer {

/// `service` has encrypt(const Secret&) -> Result<ByteVector> and decrypt(ByteView) ->
/// Result<Secret>; `who` it is, for people.
template <class Service>
[[nodiscard]] Result<external_seal::Outcome> wrap_or_unwrap(Service& service,
                                                            const external_seal::Job& job,
                                                            const std::string& who) {
  external_seal::Outcome outcome;
  if (job.action == external_seal::Action::Open) {
    STRONGROOM_TRY(outcome.key, service.decrypt(job.wrapped));
    return outcome;
  }
  outcome.key = crypto::random_secret(external_seal::kKeySize);
  STRONGROOM_TRY(outcome.wrapped, service.encrypt(outcome.key));
  // It opens again, or it was not made.
  STRONGROOM_TRY(const Secret opened, service.decrypt(outcome.wrapped));
  if (!opened.equals(outcome.key)) return refused(who + " gave another key back.");
  return outcome;
}

}  // namespace strongroom::sealer
