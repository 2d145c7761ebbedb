// What a session has beside its passes, made from the installation's link key and the session's id
// alone, so that vault and gateway come to the same without keeping or sending it: the credential
// of its proxy, the seed of its certificate authority, and what its supervisor reports with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/secret.h"

namespace strongroom::crypto {

/// The session's id (16 octets), then the first 16 of HMAC-SHA-256(link key, "strongroom proxy" ‖
/// id).
using ProxyCredential = std::array<std::uint8_t, 32>;

[[nodiscard]] ProxyCredential proxy_credential(const Secret& link_key, SessionId session);
/// The session that a credential names, when it is right.
[[nodiscard]] std::optional<SessionId> session_of(const Secret& link_key, ByteView credential);

/// The session that it names, right or not.
[[nodiscard]] SessionId session_named_by(const ProxyCredential& credential);

/// What a proxy credential begins with in text.
inline constexpr std::string_view kProxyCredentialPrefix = "srx_";
/// "srx_" and 43 characters of base64url, as it stands in a proxy's URL.
[[nodiscard]] std::string to_text(const ProxyCredential& credential);
/// Nothing when the text has another shape; whether it is right is another question.
[[nodiscard]] std::optional<ProxyCredential> proxy_credential_of(std::string_view text);

/// For io::SessionAuthority: 32 octets.
[[nodiscard]] Secret session_authority_seed(const Secret& link_key, SessionId session);

/// "srs_" and 43 characters of base64url: with which a supervisor tells that the session's
/// processes have ended, and nothing else.
[[nodiscard]] std::string report_credential(const Secret& link_key, SessionId session);

}  // namespace strongroom::crypto
