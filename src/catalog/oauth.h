// OAuth: how one logs in to a service, as its file says. Values; immutable once read. Threads: any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace strongroom::catalog {

/// How a client shows who it is at the token endpoint (RFC 6749 2.3.1).
enum class ClientAuthentication : std::uint8_t { Body, Basic };
enum class BodyForm : std::uint8_t { Form, Json };
/// How a login is ended at the provider.
enum class RevokeStyle : std::uint8_t {
  None,
  Standard,      ///< RFC 7009
  ClientDelete,  ///< DELETE with the client's credentials, the access token in a JSON body
  Bearer,        ///< POST with the access token as its own credential
  Path           ///< DELETE, the refresh token within the address
};

struct OAuth {
  std::string authorize;
  std::string token;
  std::string device;  ///< RFC 8628; empty: has none
  /// May hold {client_id}, and with Path {token}. Empty with None.
  std::string revoke;
  RevokeStyle revoke_style = RevokeStyle::None;
  std::string issuer;            ///< what `iss` must say where it is there (RFC 9207); may be empty
  bool requires_issuer = false;  ///< `iss` must be there
  ClientAuthentication client = ClientAuthentication::Body;
  BodyForm body = BodyForm::Form;
  std::vector<std::string> scopes;
  std::string scope_separator = " ";
  std::string scope_parameter = "scope";
  bool pkce = true;
  std::string token_member;  ///< of a token answer, that holds the member's own; empty: the answer
  std::vector<std::pair<std::string, std::string>> parameters;  ///< more, to authorize with
  /// Setting and value: logins give keys with exactly these.
  std::vector<std::pair<std::string, std::string>> only_for;

  [[nodiscard]] bool is_there() const { return !token.empty(); }
};

[[nodiscard]] std::string_view name_of(RevokeStyle style);
[[nodiscard]] Result<RevokeStyle> parse_revoke_style(std::string_view text);

}  // namespace strongroom::catalog
