// The work itself, one kind of place a file. Each blocks, in a process that does nothing else and
// is killed when it takes too long. Errors say what a person can mend; they never hold a value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "external_seal/job.h"

namespace strongroom::sealer {

/// It may come back by itself.
[[nodiscard]] inline std::unexpected<Error> unreachable(std::string why) {
  return fail(Code::Sealed, std::move(why), std::string(external_seal::kUnreachable));
}
/// Somebody has to mend something.
[[nodiscard]] inline std::unexpected<Error> refused(std::string why) {
  return fail(Code::Sealed, std::move(why), std::string(external_seal::kRefused));
}

/// At a token, by the operator's PKCS#11 module.
[[nodiscard]] Result<external_seal::Outcome> work_at_token(const external_seal::Job& job);

/// By the transit engine of OpenBao or Vault.
[[nodiscard]] Result<external_seal::Outcome> work_at_transit(const external_seal::Job& job);
/// By a secret that systemd, or whoever starts the vault, hands over.
[[nodiscard]] Result<external_seal::Outcome> work_at_handed_over(const external_seal::Job& job);
/// By a TPM 2.0.
[[nodiscard]] Result<external_seal::Outcome> work_at_tpm(const external_seal::Job& job);
/// A counter of a TPM 2.0.
[[nodiscard]] Result<external_seal::Outcome> count_at_tpm(const external_seal::Job& job);
/// By AWS KMS.
[[nodiscard]] Result<external_seal::Outcome> work_at_kms(const external_seal::Job& job);

}  // namespace strongroom::sealer
