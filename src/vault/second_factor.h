// SecondFactor: codes of an authenticator application beside the password (TOTP, RFC 6238: SHA-1,
// six digits, 30 s), and codes for the day on which that is lost.
//
// The secret is sealed like the vault's own, and known outside it at one time only, when it is
// made. A code is good once, and so is a recovery code, of which the hash is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strongroom::vault {

inline constexpr std::int64_t kCodeSeconds = 30;
inline constexpr std::uint32_t kCodes = 1'000'000;
/// Clocks may differ by so many steps, either way.
inline constexpr std::int64_t kCodeSteps = 1;
inline constexpr std::size_t kRecoveryCodes = 10;
inline constexpr std::string_view kRecoveryStart = "rec_";

struct SecondFactorView {
  std::string state;  ///< "none", "pending", "active"
  std::size_t recovery_codes = 0;
};
/// The only time that the secret is known.
struct NewSecondFactor {
  std::string secret;  ///< base32
  std::string link;    ///< otpauth://
};

}  // namespace strongroom::vault
