// What the vault knows of logins beside its rows. Internal to this room. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/dynamic_id.h"
#include "catalog/oauth.h"
#include "dynamic/job.h"
#include "store/rows.h"
#include "vault/actor.h"
#include "vault/oauth.h"

namespace strongroom::vault {

/// A login under way.
struct PendingLogin {
  Actor actor;
  NewLogin wanted;
  store::OAuthClient client;
  catalog::OAuth oauth;
  crypto::Digest state{};  ///< SHA-256 of what the browser brings back
  bool is_taken = false;   ///< its answer has come, or is asked for: no second one is looked at
  Secret verifier = {};
  Secret device_code = {};
  std::chrono::seconds interval{5};
  WallTime next_poll{};
  LoginView view = {};
};

struct Logins {
  std::map<std::string, PendingLogin> pending;
  /// Of grants that are neither owed nor ended.
  struct Grant {
    DynamicId id;
    bool needs_login = false;
    bool can_refresh = false;
    std::int64_t expires = 0;  ///< 0: not known
    std::int64_t since = 0;    ///< when this access token came
  };
  std::unordered_map<KeyId, Grant> grants;
  std::unordered_set<DynamicId> refreshing;  ///< here and now
  /// Tokens came, and no key could be made of them: nobody else knows of these logins.
  std::vector<dynamic::Job> unkept;
};

/// What a grant's secrets are sealed for.
[[nodiscard]] std::string place_of_tokens(DynamicId id);
[[nodiscard]] std::string place_of_handover(DynamicId id);
/// Does it hold tokens?
[[nodiscard]] bool is_kept(const store::OAuthGrant& grant);

}  // namespace strongroom::vault
