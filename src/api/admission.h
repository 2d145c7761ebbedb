// Admission: may this request speak to the control API at all?
//
// Over TCP: a Host that names this server (threats H6: a web page that had its name resolved to
// 127.0.0.1), no sign of another site's page behind it, the operator token or a token of
// somebody's. At control.sock: the owner's uid, or a token. One uniform 401 for whatever is
// missing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/server.h"
#include "http/server.h"
#include "vault/vault.h"

namespace strongroom::api {

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
/// The same, by the operator or whoever else has a credential. One who brings a token is what the
/// token says, at control.sock too.
[[nodiscard]] Result<vault::Actor> find_caller(const http::ServerRequest& request,
                                               const ControlOptions& options, vault::Vault& vault);

}  // namespace strongroom::api
