// The rows of passkeys. For rows.h alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

/// A public key of a member's authenticator (WebAuthn).
struct Passkey {
  static constexpr std::string_view kTable = "passkeys";
  PasskeyId id;
  TenantId tenant;
  MemberId member;
  std::string name;           ///< what its member calls it by
  ByteVector credential;      ///< what the authenticator calls it by
  ByteVector public_key;      ///< COSE_Key
  std::int64_t counter = 0;   ///< of signatures, as it said last; 0: it keeps none
  std::int64_t may_sync = 0;  ///< 1: it may be copied to other devices of its member's
  std::int64_t created = 0;
  std::int64_t last_used = 0;  ///< 0: never
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("name", self.name);
    visit("credential", self.credential);
    visit("public_key", self.public_key);
    visit("counter", self.counter);
    visit("may_sync", self.may_sync);
    visit("created", self.created);
    visit("last_used", self.last_used);
  }
};

}  // namespace strongroom::store
