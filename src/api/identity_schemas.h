// Documents about identity providers, and who is known by them. For schemas.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "api/schema.h"

namespace strongroom::api {

inline constexpr std::string_view kAnyRole = "owner|admin|member|auditor";
inline constexpr std::array kIdentityProvider = {
    Member{"id", Kind::Text, Need::Required, "idp_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "What people name it by when they sign in"},
    Member{"issuer", Kind::Text, Need::Required, "https://..."},
    Member{"client_id", Kind::Text, Need::Required, "Who this installation is there"},
    Member{"has_secret", Kind::Flag, Need::Required, "It has one; it is never shown"},
    Member{"scopes", Kind::TextList, Need::Required, "What is asked for"},
    Member{"groups_claim", Kind::Text, Need::Required, "Which claim names somebody's groups"},
    Member{"roles", Kind::TextMap, Need::Required, "Group to role; the one that gives most holds"},
    Member{"other_role", Kind::Text, Need::Required,
           "Of whom no group has a role for; empty: they are not let in"},
    Member{"domains", Kind::TextList, Need::Required, "Of email addresses; empty: any"},
    Member{"ready", Kind::Flag, Need::Required, "false: its issuer has not described itself yet"},
    Member{"provisions", Kind::Flag, Need::Required,
           "It keeps people and groups up to date here (SCIM)"},
    Member{"redirect_uri", Kind::Text, Need::Required, "What to register at the provider"},
    Member{"created", Kind::Time, Need::Required, "When it was set up"}};
inline constexpr std::array kNewIdentityProvider = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "What people name it by when they sign in"},
    Member{"issuer", Kind::Text, Need::Required, "https://...: it is asked for its endpoints"},
    Member{"client_id", Kind::Text, Need::Required, "As the provider has registered it"},
    Member{"value", Kind::Secret, Need::Optional, "The client's secret. Goes in only"},
    Member{"scopes", Kind::TextList, Need::Optional, "Without: openid, email and profile"},
    Member{"groups_claim", Kind::Text, Need::Optional, "groups when missing"},
    Member{"roles", Kind::TextMap, Need::Optional, "Group to role"},
    Member{"other_role", Kind::Text, Need::Optional,
           "Of whom no group has a role for; missing: they are not let in", kAnyRole},
    Member{"domains", Kind::TextList, Need::Optional, "Verified email addresses of these alone"}};
inline constexpr std::array kProvisioning = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"provider", Kind::Text, Need::Required, "Name of the identity provider"},
    Member{"url", Kind::Text, Need::Required, "Where it finds the SCIM server"},
    Member{"token", Kind::Text, Need::Required, "srp_...: seen this one time"}};
inline constexpr std::array kWantedProvider = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"provider", Kind::Text, Need::Required, "Name of its identity provider"}};
inline constexpr std::array kWantedIdentity = {
    Member{"provider", Kind::Text, Need::Required, "Name of your tenant's identity provider"}};
inline constexpr std::array kProviderPage = {
    Member{"url", Kind::Text, Need::Required, "Where the browser goes"}};
inline constexpr std::array kProviderAnswer = {
    Member{"state", Kind::Text, Need::Required, "As it came back"},
    Member{"value", Kind::Secret, Need::Optional, "The code, as it came back. Goes in only"},
    Member{"iss", Kind::Text, Need::Optional, "As it came back"},
    Member{"error", Kind::Text, Need::Optional, "As it came back"},
    Member{"code", Kind::Secret, Need::Optional,
           "After code_needed: of the second factor, instead of the others"}};
inline constexpr std::array kIdentityAnswer = {
    Member{"state", Kind::Text, Need::Required, "As it came back"},
    Member{"value", Kind::Secret, Need::Optional, "The code, as it came back. Goes in only"},
    Member{"iss", Kind::Text, Need::Optional, "As it came back"},
    Member{"error", Kind::Text, Need::Optional, "As it came back"}};
inline constexpr std::array kLogoutToken = {
    Member{"logout_token", Kind::Text, Need::Required, "Signed by the provider; good once"}};
inline constexpr std::array kIdentity = {
    Member{"id", Kind::Text, Need::Required, "idn_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "Whom it is of"},
    Member{"provider", Kind::Text, Need::Required, "Name of the identity provider"},
    Member{"subject", Kind::Text, Need::Required, "As the issuer calls them"},
    Member{"created", Kind::Time, Need::Required, "Since when"},
    Member{"last_used", Kind::Time, Need::Nullable, "Last sign-in"}};

}  // namespace strongroom::api
