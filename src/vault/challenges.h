// Challenges: what an authenticator signs, so that what it signed once is good once, soon, for one
// purpose, and from one browser.
//
// Nothing is kept of one that was asked for, so asking costs nothing: it carries whom it is for and
// until when, under a MAC that the browser's own half is part of. Those that were used are
// remembered until they are over. The key is of this process: a restart ends them all. Used by:
// passkeys.cpp, identities.cpp. Threads: the loop's. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::vault {

enum class Ceremony : std::uint8_t {
  SignIn = 1,
  Add = 2,
  Invited = 3,
  Provider = 4,
  Link = 5,
  Confirm = 6
};

class Challenges {
 public:
  static constexpr std::chrono::minutes kTime{5};

  explicit Challenges(const Clock& clock) : clock_(clock), key_(crypto::random_secret(32)) {}
  /// `member`: none for a sign-in, which is anybody's. `browser`: the hash of what it alone has.
  [[nodiscard]] ByteVector make(Ceremony ceremony, MemberId member, const crypto::Digest& browser);
  /// Whom it is for, where it is one of these, not over, and not used.
  [[nodiscard]] std::optional<MemberId> check(ByteView challenge, Ceremony ceremony,
                                              const crypto::Digest& browser);
  /// One that check() took: good no more.
  void use(ByteView challenge);
  /// What belongs to a challenge and does not follow from it for anybody else.
  [[nodiscard]] crypto::Digest derived(ByteView challenge, std::string_view purpose) const;

 private:
  [[nodiscard]] crypto::Digest mac_of(ByteView facts, Ceremony ceremony,
                                      const crypto::Digest& browser) const;
  const Clock& clock_;
  Secret key_;
  std::set<std::pair<SteadyTime, ByteVector>> used_;  ///< by when they are over
};

}  // namespace strongroom::vault
