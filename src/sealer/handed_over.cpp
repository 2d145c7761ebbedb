// A seal by a secret that is handed over at the start, as systemd does with what it has decrypted
// by the machine's TPM: its key is HKDF of the secret, and what is kept is the salt.
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "crypto/crypto.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

using external_seal::Action;
using external_seal::Job;
using external_seal::kKeySize;
using external_seal::Outcome;

constexpr std::size_t kSaltSize = 16;
/// Nobody derives it slowly: it must be a secret of a machine, not of a person.
constexpr std::size_t kShortestSecret = 32;
constexpr std::string_view kUse = "strongroom seal by a secret that is handed over";

}  // namespace

Result<Outcome> work_at_handed_over(const Job& job) {
  if (job.credential.size() < kShortestSecret)
    return refused("The secret of this seal is too short: at least 32 octets, by chance.");
  Outcome outcome;
  outcome.wrapped = job.wrapped;
  if (job.action == Action::Make) {
    std::array<std::uint8_t, kSaltSize> salt{};
    crypto::random(salt);
    outcome.wrapped.assign(salt.begin(), salt.end());
  }
  if (outcome.wrapped.size() != kSaltSize)
    return refused("What is kept of this seal is not of a secret that is handed over.");
  outcome.key = crypto::hkdf_sha256(job.credential, outcome.wrapped, bytes_of(kUse), kKeySize);
  return outcome;
}

}  // namespace strongroom::sealer
