// Documents about logins at services. For schemas.cpp alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "api/schema.h"

namespace strongroom::api {

inline constexpr std::array kOAuthClient = {
    Member{"name", Kind::Text, Need::Required, "What members name it by: a service, or its own"},
    Member{"service", Kind::Text, Need::Required, "What kind of key its logins give"},
    Member{"issuer", Kind::Text, Need::Required, "Who was asked for the endpoints, else empty"},
    Member{"client_id", Kind::Text, Need::Required, "The operator's to see; else empty"},
    Member{"scopes", Kind::TextList, Need::Required, "What is asked for"},
    Member{"has_secret", Kind::Flag, Need::Required, "It has one; it is never shown"},
    Member{"ready", Kind::Flag, Need::Required, "false: its issuer has not described itself yet"},
    Member{"device", Kind::Flag, Need::Required, "A login by a code shown elsewhere is possible"},
    Member{"revokes", Kind::Flag, Need::Required, "The provider has a call that ends a login"},
    Member{"created", Kind::Time, Need::Required, "When it was set up"}};
inline constexpr std::array kNewOAuthClient = {
    Member{"name", Kind::Text, Need::Required, "A service's id, or a name of your own"},
    Member{"service", Kind::Text, Need::Optional, "Where the name is your own"},
    Member{"issuer", Kind::Text, Need::Optional, "https://...: it is asked for the endpoints"},
    Member{"client_id", Kind::Text, Need::Required, "As the provider has registered it"},
    Member{"value", Kind::Secret, Need::Optional, "Its secret. Goes in only"},
    Member{"scopes", Kind::TextList, Need::Optional, "Without: the catalogue's"}};
inline constexpr std::array kNewLogin = {
    Member{"client", Kind::Text, Need::Required, "Name of the client"},
    Member{"way", Kind::Text, Need::Required,
           "browser: comes back to the console; loopback: to a port of the caller's machine; "
           "device: by a code",
           "browser|loopback|device"},
    Member{"port", Kind::Integer, Need::Optional, "Of the caller's machine, for loopback"},
    Member{"tenant", Kind::Text, Need::Optional, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Optional, "Whose login it is"},
    Member{"label", Kind::Text, Need::Optional, "Tells keys of one service apart"},
    Member{"settings", Kind::TextMap, Need::Optional, "As for a key that is added"},
    Member{"key", Kind::Text, Need::Optional, "Instead: a key that needs a login again"}};
inline constexpr std::array kLogin = {
    Member{"id", Kind::Text, Need::Required, "Of this login, for who began it"},
    Member{"state", Kind::Text, Need::Required, "How far it is", "pending|done|failed"},
    Member{"why", Kind::Text, Need::Required, "Why it failed, else empty"},
    Member{"key", Kind::Text, Need::Nullable, "What it gave"},
    Member{"url", Kind::Text, Need::Required, "Where a person goes"},
    Member{"user_code", Kind::Text, Need::Required, "What is typed there, of a device's"},
    Member{"whole_url", Kind::Text, Need::Required, "The same with the code in it; may be empty"},
    Member{"expires", Kind::Time, Need::Required, "It is forgotten then"}};
inline constexpr std::array kLoginAnswer = {
    Member{"state", Kind::Text, Need::Required, "As it came back"},
    Member{"value", Kind::Secret, Need::Optional, "The code, as it came back. Goes in only"},
    Member{"iss", Kind::Text, Need::Optional, "As it came back"},
    Member{"error", Kind::Text, Need::Optional, "As it came back"}};

}  // namespace strongroom::api
