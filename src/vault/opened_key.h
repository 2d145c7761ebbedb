// What the vault has opened, for whoever may have it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/secret.h"
#include "vault/policies.h"
#include "vault/session_views.h"

namespace strongroom::vault {

/// A pass of a session as it is known afterwards: what it begins with, and its hash.
struct PassMark {
  std::string prefix;
  std::array<std::uint8_t, 32> hash{};
};

/// A plaintext about to be leased. Never stored, never logged.
struct OpenedKey {
  TenantId tenant;
  MemberId member;
  SessionId session;
  GrantId grant;
  KeyId key;
  std::uint32_t version = 0;
  std::string service;
  std::string label;
  Settings settings;
  bool key_is_rejected = false;
  std::vector<AppliedPolicy> policies;  ///< widest first, one of each level at most
  std::vector<PassMark> passes;         ///< of a proxied one: all of the session
  Secret value;
};

/// The values of a tenant's keys, for a search of where they have got to.
struct SearchedKeys {
  TenantId tenant;
  std::vector<std::pair<KeyId, Secret>> values;
};

}  // namespace strongroom::vault
