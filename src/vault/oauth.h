// OAuth: logins of members at services, and what they give.
//
// Used by: api, app (LoginKeeper has done what is to be done at a provider). Threads: the vault's
// loop. A login under way is known to this process alone, for minutes; what it gives is a key like
// others, and a grant beside it (store/rows.h). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::vault {

struct OAuthClientView {
  std::string name;
  std::string service;
  std::string issuer;     ///< empty: the catalogue's endpoints
  std::string client_id;  ///< the operator's to see; else empty
  std::vector<std::string> scopes;
  bool has_secret = false;
  bool is_ready = false;    ///< false: its issuer has not been asked yet
  bool has_device = false;  ///< a login by a code shown elsewhere is possible
  bool has_revoke = false;  ///< the provider has a call that ends a login
  WallTime created{};
};

struct NewOAuthClient {
  std::string name;
  std::string service;  ///< empty: the name is one, or generic-oauth where an issuer is given
  std::string issuer;
  std::string client_id;
  std::vector<std::string> scopes;
};

struct NewLogin {
  std::string client;
  std::string tenant;
  std::string member;
  std::string label = "default";
  std::vector<std::pair<std::string, std::string>> settings;
  std::string again;     ///< id of a key that needs a login; then the three before are its own
  std::string redirect;  ///< where the browser comes back; of a device's: nowhere
  bool is_device = false;
  crypto::Digest bearer{};  ///< hash of the credential that it is begun with, and ended with
};

struct BegunLogin {
  std::string id;
  std::string url;  ///< where the browser goes
  WallTime expires{};
};

/// What a person does elsewhere.
struct DeviceLogin {
  std::string user_code;
  std::string url;
  std::string whole_url;  ///< with the code in it; may be empty
};

struct LoginView {
  std::string id;
  std::string state;  ///< "pending", "done", "failed"
  std::string why;
  std::optional<KeyId> key;
  std::optional<DeviceLogin> device;
  WallTime expires{};
};

/// What a browser has brought back. Without a code, `error` says why.
struct LoginAnswer {
  std::string state;
  std::string issuer;
  std::string error;
  Secret code;
  crypto::Digest bearer{};
};

inline constexpr std::chrono::minutes kLoginTime{10};

}  // namespace strongroom::vault
