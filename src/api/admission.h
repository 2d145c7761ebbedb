// Admission: may this request speak to the control API at all?
//
// Over TCP: a Host that names this server (threats H6: a web page that had its name resolved to
// 127.0.0.1), no sign of another site's page behind it, the operator token or a token of
// somebody's. At control.sock: the owner's uid, or a token. One uniform 401 for whatever is
// missing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "api/server.h"
#include "http/server.h"
#include "vault/vault.h"

namespace strongroom::api {

/// `__Host-`: of this host alone, whole, and over TLS or from the machine itself (RFC 6265bis).
inline constexpr std::string_view kSignInCookie = "__Host-strongroom";
/// What a browser keeps in which somebody has signed in before (Vault::browser_mark).
inline constexpr std::string_view kBrowserCookie = "__Host-strongroom-browser";

/// What a browser was given from which somebody is coming in by a passkey; it lets nobody in.
inline constexpr std::string_view kCeremonyCookie = "__Host-strongroom-ceremony";

/// Hashes of what a request brings.
struct Credential {
  crypto::Digest bearer{};
  std::optional<vault::SignInHalves> sign_in;  ///< where that is the credential
};
/// One who brings a bearer credential is what that says, whatever cookies the browser adds.
[[nodiscard]] Credential credential_of(const http::ServerRequest& request);
/// The value of a cookie; empty: none of that name, or not one alone.
[[nodiscard]] std::string_view cookie(const http::ServerRequest& request, std::string_view name);

/// Any request, files of the console included: not in the clear over a network, and by a name of
/// this server's.
[[nodiscard]] Status check_host(const http::ServerRequest& request, const ControlOptions& options);
/// Not from a page of another site.
[[nodiscard]] Status check_site(const http::ServerRequest& request);
/// SHA-256 of the one bearer credential that a request has; of nothing where it has none.
[[nodiscard]] crypto::Digest bearer_hash(const http::ServerRequest& request);
/// Does it bring what only runners have that have no other right?
[[nodiscard]] bool has_runner_credential(const http::ServerRequest& request);
/// Calls of the API: not from a page of another site, and by the operator. Refused (403) or
/// Unauthorized (401).
[[nodiscard]] Status check_operator(const http::ServerRequest& request,
                                    const ControlOptions& options);
/// Whoever has the credential that a request brings, at this moment.
[[nodiscard]] Result<vault::Actor> find_again(const Credential& credential, vault::Vault& vault);
/// The same, by the operator or whoever else has a credential. One who brings a token is what the
/// token says, at control.sock too.
[[nodiscard]] Result<vault::Actor> find_caller(const http::ServerRequest& request,
                                               const ControlOptions& options, vault::Vault& vault);

}  // namespace strongroom::api
