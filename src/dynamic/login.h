// Logins: what a job at a service's authorization server is made of, and what it leaves.
//
// Used by: vault (which fills it in), issuer (which does it). Settings of such a job: "client_id",
// "client" (body, basic), "body" (form, json), "redirect_uri", "token_member", "scope",
// "scope_parameter", "style" (catalog::RevokeStyle), "issuer"; to discover, "file" ("openid": that
// of OpenID Connect alone); to sign somebody in, "keys_authority", "keys_target" and "keys_dial"
// (of the issuer's keys), "groups_claim" and "groups" (a JSON array of those that are asked about);
// of a logout token, which is the grant, the first three of these.
// Its `reference` is the path of the endpoint, its credential four secrets packed. Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::dynamic {

/// Several secrets in one, in order.
[[nodiscard]] Secret pack(std::span<const Secret* const> secrets);
/// Protocol where they are not `count`.
[[nodiscard]] Result<std::vector<Secret>> unpack(const Secret& packed, std::size_t count);

/// The secrets of a job: what is not there is empty.
enum LoginSecret : std::size_t {
  kClientSecret,
  kGrant,     ///< the code, the device's code, the refresh token or the logout token; to destroy:
              ///< the refresh token
  kVerifier,  ///< of PKCE; to destroy: the access token
  kHandover,  ///< under which the outcome of a refresh is sealed for its file
  kLoginSecrets
};
/// Of an outcome: access and refresh token; of Device alone the device's code.
inline constexpr std::size_t kTokens = 2;

/// Where a child finds the file of a refresh.
inline constexpr int kHandoverDescriptor = 3;
/// What the record in that file is bound to.
inline constexpr std::string_view kHandoverContext = "strongroom refresh v1";

/// Facts of outcomes.
inline constexpr std::string_view kExpiresIn = "expires_in";  ///< seconds; absent: not said
inline constexpr std::string_view kErrorFact = "error";       ///< the server's own word
inline constexpr std::string_view kScopeFact = "scope";
/// Of SignIn: the claims of the identity token by their own names, "aud" as a JSON array, and
/// "groups", places in the job's list with commas. Where the token itself is refused: this one.
inline constexpr std::string_view kForgedFact = "token_refused";

}  // namespace strongroom::dynamic
