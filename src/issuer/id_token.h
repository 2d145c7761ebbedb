// Identity tokens (OpenID Connect): whether one is signed by a key of its issuer, and what it says.
//
// Used by: login.cpp. What it says is decided on by the vault; here it is read, and what is not
// signed is not. A key is chosen by the token's `kid` among the issuer's, and signs by the one
// algorithm of its own kind: what a token calls it decides nothing. Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "dynamic/job.h"

namespace strongroom::issuer {

inline constexpr std::size_t kLongestIdToken = 16UL << 10U;
inline constexpr std::size_t kMostKeys = 64;

/// What one of the keys has signed.
struct IdToken {
  json::object claims;
  bool hashes_by_sha512 = false;  ///< its at_hash, as Ed25519 hashes itself
};
/// A token that is meant for one thing is not taken for another (RFC 8725 3.11).
enum class TokenKind : std::uint8_t { Identity, Logout };
/// RS256, PS256, ES256, EdDSA. Refused.
[[nodiscard]] Result<IdToken> verified_token(std::string_view token, std::string_view keys,
                                             TokenKind kind = TokenKind::Identity);

/// What they say, as facts of an outcome: each a plain text that is short enough, or absent.
/// `access_token`: that the token's at_hash must be of, where it has one. Refused.
[[nodiscard]] Result<dynamic::Outcome> identity_of(const IdToken& token,
                                                   std::string_view access_token,
                                                   const dynamic::Job& job);

/// The same of a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4): "iss", "aud", "iat",
/// "exp", "jti", and "sub", "sid" or both. Refused.
[[nodiscard]] Result<dynamic::Outcome> logout_of(const IdToken& token);

}  // namespace strongroom::issuer
