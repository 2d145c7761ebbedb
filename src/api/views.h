// Views: the vault's plain structs as the API's JSON. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/server.h"
#include "audit/log.h"
#include "base/json.h"
#include "catalog/service.h"
#include "vault/vault.h"

namespace strongroom::api {

[[nodiscard]] json::object to_json(const vault::TenantView& view);
[[nodiscard]] json::object to_json(const vault::MemberView& view);
[[nodiscard]] json::object to_json(const vault::KeyView& view);
[[nodiscard]] json::object to_json(const vault::SkillView& view);
[[nodiscard]] json::object to_json(const vault::PolicyView& view);
[[nodiscard]] json::object to_json(const vault::SessionView& view);
[[nodiscard]] json::object to_json(const vault::Activity::Seen& seen);
[[nodiscard]] json::object to_json(const SessionHolder& holder);
[[nodiscard]] json::object to_json(const vault::StartedSession& started);
[[nodiscard]] json::object to_json(const vault::SealView& view);
[[nodiscard]] json::object to_json(const vault::TokenView& view);
[[nodiscard]] json::object to_json(const vault::TicketView& view);
[[nodiscard]] json::object to_json(const vault::SignInView& view);
[[nodiscard]] json::object to_json(const vault::PasskeyView& view);
[[nodiscard]] json::object to_json(const vault::RewrapView& view);
[[nodiscard]] json::object to_json(const vault::RootRotation& rotation);
[[nodiscard]] json::object to_json(const catalog::Service& service);
[[nodiscard]] json::object to_json(const audit::Verified& verified);
[[nodiscard]] json::object to_json(const store::Inspection& inspection);
[[nodiscard]] json::object to_json(const sinks::View& sink);
[[nodiscard]] json::object to_json(const vault::OAuthClientView& view);
/// Without the redirect URI, which is the console's.
[[nodiscard]] json::object to_json(const vault::IdentityProviderView& view);
[[nodiscard]] json::object to_json(const vault::IdentityView& view);
[[nodiscard]] json::object to_json(const vault::LoginView& view);

template <class View>
[[nodiscard]] json::array to_json_list(const std::vector<View>& views) {
  json::array out;
  for (const View& view : views) out.emplace_back(to_json(view));
  return out;
}

}  // namespace strongroom::api
