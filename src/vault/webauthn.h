// What a browser brings of an authenticator (WebAuthn Level 2), read and held against what was
// asked: no rows, no rules of this house. Hostile input.
//
// Attestation is not asked for, and not looked at where it comes: which make an authenticator is
// says nothing that is decided by here. Used by: passkeys.cpp. Threads: values. Internal to this
// room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "vault/passkeys.h"

namespace strongroom::vault {

/// The challenge that a browser's answer says it is of. Invalid.
[[nodiscard]] Result<ByteVector> challenge_of(ByteView client_data);

struct AuthenticatorFacts {
  std::uint32_t counter = 0;
  bool may_sync = false;
};
struct RegisteredCredential {
  ByteVector id;
  ByteVector public_key;  ///< COSE_Key, one that crypto::VerifyingKey reads
  AuthenticatorFacts facts;
};

// The challenge itself is the caller's to check. Invalid, and why.
[[nodiscard]] Result<RegisteredCredential> read_registration(const RelyingParty& party,
                                                             const NewPasskey& answer);
/// By the key of `public_key`, whose person was verified.
[[nodiscard]] Result<AuthenticatorFacts> check_assertion(const RelyingParty& party,
                                                         const PasskeyAssertion& answer,
                                                         ByteView public_key);

}  // namespace strongroom::vault
