// Passkeys: public keys of members' authenticators, by which they sign in without a password.
//
// The authenticator makes sure that it is its member who signs (user verification is required), so
// one is both factors. What it signs names the console's own origin, so no other page can have it
// signed for itself. Used by: api. Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace strongroom::vault {

inline constexpr std::size_t kMostPasskeys = 20;  ///< of one member

/// Who authenticators know this console as.
struct RelyingParty {
  std::string id;      ///< a domain: "strongroom.example", "localhost"
  std::string origin;  ///< "https://strongroom.example"
};

/// What a browser is asked to make a passkey with.
struct PasskeyRequest {
  ByteVector challenge;
  ByteVector user;                    ///< says nothing of who it is
  std::vector<ByteVector> there_are;  ///< credentials that there are of this member already
};

/// A passkey that a browser has made.
struct NewPasskey {
  std::string name;
  ByteVector client_data;  ///< JSON
  ByteVector attestation;  ///< CBOR
};

/// What a browser brings to sign in with one.
struct PasskeyAssertion {
  ByteVector credential;
  ByteVector user;
  ByteVector client_data;  ///< JSON
  ByteVector authenticator_data;
  ByteVector signature;
};

struct PasskeyView {
  PasskeyId id;
  std::string name;
  bool may_sync = false;
  WallTime created{};
  WallTime last_used{};  ///< time zero: never
};

}  // namespace strongroom::vault
