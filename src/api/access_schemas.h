// Documents about who calls: access, tokens, sign-ins, invitations. For schemas.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "api/schema.h"

namespace strongroom::api {

inline constexpr std::array kAccess = {
    Member{"name", Kind::Text, Need::Required, "As the record calls you"},
    Member{"tenant", Kind::Text, Need::Nullable, "Yours; null for the operator"},
    Member{"member", Kind::Text, Need::Nullable, "Whom you are; null for a machine"},
    Member{"role", Kind::Text, Need::Required, "What you are there",
           "operator|owner|admin|member|auditor"},
    Member{"rights", Kind::TextList, Need::Required, "As x-right names them"}};
inline constexpr std::string_view kScopes = "all|read|sessions";
inline constexpr std::array kToken = {
    Member{"id", Kind::Text, Need::Required, "tok_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Nullable, "Whose it is; null: a machine's"},
    Member{"name", Kind::Text, Need::Required, "What people call it by"},
    Member{"role", Kind::Text, Need::Nullable, "A machine's; null: its member's at each call"},
    Member{"scope", Kind::Text, Need::Required, "What it leaves of the role's rights", kScopes},
    Member{"for_any_member", Kind::Flag, Need::Required,
           "Runs sessions on behalf of every member of the tenant"},
    Member{"state", Kind::Text, Need::Required, "Now", "active|expired|revoked"},
    Member{"created", Kind::Time, Need::Required, "When it was made"},
    Member{"expires", Kind::Time, Need::Required, "Good until then"},
    Member{"last_used", Kind::Time, Need::Nullable, "To the hour"}};
inline constexpr std::array kAddedToken = {
    Member{"id", Kind::Text, Need::Required, "tok_..."},
    Member{"token", Kind::Text, Need::Required, "sra_...: seen this one time"},
    Member{"expires", Kind::Time, Need::Required, "Good until then"}};
inline constexpr std::array kNewToken = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "What people call it by"},
    Member{"member", Kind::Text, Need::Optional, "Whose it is; missing: a machine's"},
    Member{"role", Kind::Text, Need::Optional, "Of a machine's", "admin|member|auditor"},
    Member{"scope", Kind::Text, Need::Optional, "all when missing", kScopes},
    Member{"for_any_member", Kind::Flag, Need::Optional,
           "A machine's that runs sessions for every member; the operator alone gives it"},
    Member{"valid_seconds", Kind::Integer, Need::Optional, "1 to 31622400; 90 days when missing"}};

inline constexpr std::array kSignIn = {
    Member{"id", Kind::Text, Need::Required, "sgn_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "Who"},
    Member{"from", Kind::Text, Need::Required, "From which address; empty: this machine's socket"},
    Member{"created", Kind::Time, Need::Required, "Since when"},
    Member{"seen", Kind::Time, Need::Required, "Last call, to the minute"},
    Member{"expires", Kind::Time, Need::Required, "At the latest"}};
inline constexpr std::array kStartedSignIn = {
    Member{"id", Kind::Text, Need::Required, "sgn_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "Who"},
    Member{"expires", Kind::Time, Need::Required, "At the latest"},
    Member{"csrf_token", Kind::Text, Need::Required,
           "The page's half: X-CSRF-Token of every call, beside the cookie"}};
inline constexpr std::array kNewSignIn = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "Name of the member"},
    Member{"password", Kind::Secret, Need::Required, "Goes in only"},
    Member{"code", Kind::Secret, Need::Optional,
           "Of the second factor, or a recovery code, where there is one"}};
inline constexpr std::array kSignedOut = {
    Member{"url", Kind::Text, Need::Nullable,
           "Where the browser goes to be signed out at its provider, too"},
    Member{"state", Kind::Text, Need::Nullable, "Comes back with the browser"}};
inline constexpr std::array kConfirmation = {
    Member{"password", Kind::Secret, Need::Optional, "Yours. Goes in only"},
    Member{"code", Kind::Secret, Need::Optional, "Of your second factor, instead. Goes in only"}};
inline constexpr std::array kChangedPassword = {
    Member{"current_password", Kind::Secret, Need::Required, "The one of now. Goes in only"},
    Member{"password", Kind::Secret, Need::Required, "12 characters or more. Goes in only"}};
inline constexpr std::array kSecondFactor = {
    Member{"state", Kind::Text, Need::Required, "Whether it is asked for", "none|pending|active"},
    Member{"recovery_codes", Kind::Integer, Need::Required, "How many are left"}};
inline constexpr std::array kNewSecondFactor = {
    Member{"secret", Kind::Text, Need::Required,
           "Base32, for an authenticator: seen this one time"},
    Member{"link", Kind::Text, Need::Required, "The same as an otpauth link"}};
inline constexpr std::array kCode = {
    Member{"code", Kind::Secret, Need::Required, "Six digits; where it says so, a recovery code"}};
inline constexpr std::array kRecoveryCodes = {
    Member{"codes", Kind::TextList, Need::Required, "Each good once: seen this one time"}};
inline constexpr std::array kPasskey = {
    Member{"id", Kind::Text, Need::Required, "psk_..."},
    Member{"name", Kind::Text, Need::Required, "What you call it by"},
    Member{"may_sync", Kind::Flag, Need::Required, "It may be copied to other devices of yours"},
    Member{"created", Kind::Time, Need::Required, "When it was added"},
    Member{"last_used", Kind::Time, Need::Nullable, "When somebody signed in with it last"}};
inline constexpr std::array kPasskeyChallenge = {
    Member{"challenge", Kind::Text, Need::Required, "Base64url: good once, here, for 5 minutes"},
    Member{"relying_party", Kind::Text, Need::Required, "The domain that passkeys are bound to"},
    Member{"origin", Kind::Text, Need::Required, "The address at which they are used"}};
inline constexpr std::array kPasskeyRequest = {
    Member{"challenge", Kind::Text, Need::Required, "Base64url: good once, here, for 5 minutes"},
    Member{"relying_party", Kind::Text, Need::Required, "The domain that passkeys are bound to"},
    Member{"origin", Kind::Text, Need::Required, "The address at which they are used"},
    Member{"user", Kind::Text, Need::Required, "Base64url: the user's handle"},
    Member{"there_are", Kind::TextList, Need::Required, "Base64url: credentials to leave out"}};
inline constexpr std::array kNewPasskey = {
    Member{"name", Kind::Text, Need::Required, "What you call it by: 1 to 64 octets"},
    Member{"client_data", Kind::Text, Need::Required, "Base64url: clientDataJSON"},
    Member{"attestation", Kind::Text, Need::Required, "Base64url: attestationObject"}};
inline constexpr std::array kInvitedPasskey = {
    Member{"tenant", Kind::Text, Need::Optional, "The first owner's: what the tenant is called"},
    Member{"member", Kind::Text, Need::Optional, "The first owner's: what they are called"},
    Member{"name", Kind::Text, Need::Required, "What the passkey is called: 1 to 64 octets"},
    Member{"client_data", Kind::Text, Need::Required, "Base64url: clientDataJSON"},
    Member{"attestation", Kind::Text, Need::Required, "Base64url: attestationObject"}};
inline constexpr std::array kPasskeyAssertion = {
    Member{"credential", Kind::Text, Need::Required, "Base64url: the credential's id"},
    Member{"user", Kind::Text, Need::Required, "Base64url: userHandle"},
    Member{"client_data", Kind::Text, Need::Required, "Base64url: clientDataJSON"},
    Member{"authenticator_data", Kind::Text, Need::Required, "Base64url: authenticatorData"},
    Member{"signature", Kind::Text, Need::Required, "Base64url"}};
inline constexpr std::array kNewInvitation = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "Name of the member"}};
inline constexpr std::array kInvitation = {
    Member{"tenant", Kind::Text, Need::Nullable,
           "Name of the tenant; null: the first, yet to be made"},
    Member{"member", Kind::Text, Need::Nullable, "Name of the member; null: the first owner"},
    Member{"expires", Kind::Time, Need::Required, "Good until then, once"}};
inline constexpr std::array kAddedInvitation = {
    Member{"id", Kind::Text, Need::Required, "inv_..."},
    Member{"invitation", Kind::Text, Need::Required, "sri_...: seen this one time"},
    Member{"link", Kind::Text, Need::Required, "To the console's page for it"},
    Member{"expires", Kind::Time, Need::Required, "Good until then, once"}};
inline constexpr std::array kNewPassword = {
    Member{"tenant", Kind::Text, Need::Optional, "The first owner's: what the tenant is called"},
    Member{"member", Kind::Text, Need::Optional, "The first owner's: what they are called"},
    Member{"password", Kind::Secret, Need::Required, "12 characters or more. Goes in only"}};

}  // namespace strongroom::api
