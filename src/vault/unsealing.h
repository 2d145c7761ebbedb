// Unsealing: opens the root key with what people bring, while the server waits sealed.
//
// Used by: app. Threads: one. Shares are kept in locked memory until there are enough, then
// forgotten. Fails: Sealed or Invalid with a sentence. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vault/seal.h"
#include "vault/share_text.h"

namespace strongroom::vault {

class Unsealing {
 public:
  Unsealing(store::Store& store, SealOptions options)
      : store_(store), options_(std::move(options)) {}

  /// Looks again at the seals that open by themselves (a file that was put back).
  [[nodiscard]] Result<Secret> try_again();
  /// Those whose key is held outside, to be asked for without blocking; by_external() takes it.
  [[nodiscard]] Result<std::vector<store::Seal>> external() const;
  [[nodiscard]] Result<Secret> by_external(const store::Seal& seal, const Secret& key);
  /// Whichever passphrase seal it opens.
  [[nodiscard]] Result<Secret> by_passphrase(const Secret& passphrase);
  /// Nothing yet while more shares of its seal are needed: progress() says how many.
  [[nodiscard]] Result<std::optional<Secret>> by_share(const Secret& text);
  /// "2 of 3 shares are here"; empty before the first.
  [[nodiscard]] std::string progress() const;

 private:
  Result<Secret> finish(const store::Seal& seal, const Secret& key);
  store::Store& store_;
  SealOptions options_;
  std::optional<SealId> collecting_;  ///< the seal whose shares are here
  unsigned threshold_ = 0;
  std::map<std::uint8_t, crypto::Share> shares_;
};

}  // namespace strongroom::vault
