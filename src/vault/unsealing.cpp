// SPDX-License-Identifier: Apache-2.0
#include "vault/unsealing.h"

#include "crypto/shares.h"
#include "vault/root_secrets.h"

namespace strongroom::vault {
Result<Secret> Unsealing::finish(const store::Seal& seal, const Secret& key) {
  STRONGROOM_TRY(Secret root, unseal(seal, key, wrong_key(seal, options_)));
  STRONGROOM_CHECKED(accept_root_key(store_, root));
  return root;
}

Result<Secret> Unsealing::try_again() {
  return open_root_key(store_, options_);
}

Result<std::vector<store::Seal>> Unsealing::external() const {
  STRONGROOM_TRY(auto seals, store_.list<store::Seal>());
  std::erase_if(seals, [](const store::Seal& seal) { return !is_external(seal.kind); });
  return seals;
}

Result<Secret> Unsealing::by_external(const store::Seal& seal, const Secret& key) {
  return finish(seal, key);
}

Result<Secret> Unsealing::by_passphrase(const Secret& passphrase) {
  STRONGROOM_TRY(const auto seals,
                 store_.list<store::Seal>({{"kind", std::string(kPassphraseSeal)}}));
  Error last(Code::Invalid, "No seal of this database opens by a passphrase.", "seal_unknown");
  for (const auto& seal : seals) {
    STRONGROOM_TRY(const Secret key, passphrase_key(seal, passphrase));
    auto root = finish(seal, key);
    if (root) return root;
    last = std::move(root).error();
  }
  return std::unexpected(std::move(last));
}

Result<std::optional<Secret>> Unsealing::by_share(const Secret& text) {
  STRONGROOM_TRY(ReadShare read, read_share(text));
  STRONGROOM_TRY(const auto seals, store_.list<store::Seal>({{"kind", std::string(kSharesSeal)}}));
  for (const auto& seal : seals) {
    if (mark_of(seal.id) != read.seal) continue;
    if (collecting_ != seal.id) shares_.clear();
    collecting_ = seal.id;
    threshold_ = threshold_of(seal);
    shares_.insert_or_assign(read.share.index, std::move(read.share));
    if (shares_.size() < threshold_) return std::nullopt;
    std::vector<crypto::Share> enough;
    for (auto& [index, share] : shares_) enough.push_back(std::move(share));
    shares_.clear();
    STRONGROOM_TRY(const Secret key, crypto::combine(enough));
    STRONGROOM_TRY(Secret root, finish(seal, key));
    return std::optional<Secret>(std::move(root));
  }
  return fail(Code::Invalid, "This share belongs to a seal that this database does not have.",
              "share_unknown");
}

std::string Unsealing::progress() const {
  if (shares_.empty()) return {};
  return std::to_string(shares_.size()) + " of " + std::to_string(threshold_) +
         " shares that are needed are here";
}

}  // namespace strongroom::vault
