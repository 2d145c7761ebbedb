// A new root key under every seal, and all that the old one protected under the new one, in one
// change of the database: the tenants' keys, the root secrets, the installation's own values. The
// seals get new keys too: with an old key, an old copy of the database would give the old root key
// away. Whatever ends the process, before or after that change, one file of each file seal opens.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "crypto/crypto.h"
#include "vault/root_secrets.h"
#include "vault/seal_file.h"
#include "vault/sealing.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kRootKeySize = 32;

std::size_t count_of(const std::vector<store::Seal>& seals, std::string_view kind) {
  return static_cast<std::size_t>(std::ranges::count(seals, kind, &store::Seal::kind));
}

std::unexpected<Error> not_prepared(const store::Seal& seal) {
  return fail(
      Code::Invalid,
      "The seal " + seal.id.text() + " (" + seal.kind +
          ") is to be prepared first: what opens it from then on is chosen, or made, before "
          "the root key changes.",
      "seal_not_prepared");
}

Result<Sealing> renewed_passphrase(const store::Seal& old, const Secret& passphrase) {
  STRONGROOM_TRY(const Secret same, passphrase_key(old, passphrase));
  if (unseal(old, same, {}))
    return fail(Code::Refused,
                "This is the passphrase of today: with it, every older copy of the database would "
                "still open. Choose another one.",
                "passphrase_same");
  NewSeal wanted;
  wanted.kind = kPassphraseSeal;
  wanted.passphrase = passphrase.duplicate();
  return make_sealing(std::move(wanted));
}

Result<Sealing> renewed_file(const store::Seal& old, const std::string& path) {
  // A file that waits may be the one of today, where it could not take its place before: the next
  // one has a key of its own.
  const auto waiting = found_next_seal_file(path);
  if (waiting && unseal(old, *waiting, {})) STRONGROOM_CHECKED(adopt_next_seal_file(path));
  Sealing sealing;
  sealing.row = old;
  sealing.row.id = crypto::random_id<SealId>();
  STRONGROOM_TRY(sealing.key, next_seal_file(path));
  return sealing;
}

/// As many as before, and as many needed.
Result<Sealing> renewed_shares(const store::Seal& old) {
  NewSeal wanted;
  wanted.kind = kSharesSeal;
  wanted.threshold = threshold_of(old);
  wanted.shares = shares_of(old);
  return make_sealing(std::move(wanted));
}

}  // namespace

/// What was prepared for it, once.
Result<Sealing> Vault::State::prepared(const store::Seal& seal) {
  const auto found = renewals.find(seal.id);
  if (found == renewals.end() || found->second.until < clock.steady()) return not_prepared(seal);
  Sealing sealing = std::move(found->second.sealing);
  renewals.erase(found);
  return sealing;
}

Result<Sealing> Vault::State::renewed(const store::Seal& seal, const Secret& passphrase) {
  if (seal.kind == kFileSeal) return renewed_file(seal, seal_file_path(seal, seal_file));
  if (seal.kind == kSharesSeal) return renewed_shares(seal);
  if (seal.kind == kPassphraseSeal && !renewals.contains(seal.id))
    return renewed_passphrase(seal, passphrase);
  return prepared(seal);
}

/// What a seal needs that nobody has brought is said before anything changes.
Status Vault::State::check_renewable(const std::vector<store::Seal>& seals,
                                     const Secret& passphrase) const {
  const bool is_only_one = count_of(seals, kPassphraseSeal) == 1;
  for (const auto& seal : seals) {
    const auto found = renewals.find(seal.id);
    if (found != renewals.end() && found->second.until >= clock.steady()) continue;
    if (is_external(seal.kind)) return not_prepared(seal);
    if (seal.kind != kPassphraseSeal) continue;
    if (!is_only_one) return not_prepared(seal);
    if (passphrase.is_empty())
      return fail(Code::Invalid, "The seal by passphrase wants a new passphrase.",
                  "passphrase_missing");
  }
  return {};
}

Result<std::vector<Sealing>> Vault::State::renewed_seals(const Secret& passphrase) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  STRONGROOM_CHECKED(check_renewable(seals, passphrase));
  std::vector<Sealing> renewed;
  for (const auto& seal : seals) {
    STRONGROOM_TRY(Sealing sealing, this->renewed(seal, passphrase));
    sealing.row.created = now();
    renewed.push_back(std::move(sealing));
  }
  return renewed;
}

Result<store::Seal> Vault::seal_to_renew(const Actor& actor, SealId id) {
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  STRONGROOM_TRY(const auto seals, state_->store.list<store::Seal>());
  const auto found = std::ranges::find(seals, id, &store::Seal::id);
  if (found == seals.end()) return fail(Code::NotFound, "There is no seal " + id.text() + ".");
  return *found;
}

Status Vault::prepare_renewal(const Actor& actor, SealId id, Sealing renewed) {
  STRONGROOM_TRY(const auto seal, seal_to_renew(actor, id));
  if (seal.kind != renewed.row.kind)
    return fail(Code::Invalid, "The seal is of another kind.", "seal_unknown");
  auto& state = *state_;
  state.renewals.insert_or_assign(
      id, Renewal{std::move(renewed), state.clock.steady() + kRenewalGoodFor});
  return {};
}

Status Vault::prepare_passphrase(const Actor& actor, SealId id, const Secret& passphrase) {
  STRONGROOM_TRY(const auto seal, seal_to_renew(actor, id));
  if (seal.kind != kPassphraseSeal)
    return fail(Code::Invalid, "This seal does not open by a passphrase.", "seal_unknown");
  STRONGROOM_TRY(auto renewed, renewed_passphrase(seal, passphrase));
  return prepare_renewal(actor, id, std::move(renewed));
}

std::vector<NewShares> Vault::take_new_shares() {
  return std::exchange(state_->new_shares, {});
}

/// All that is sealed under the root key, or under a key that follows from it.
Status Vault::State::change_root_in_transaction(const Secret& to, std::span<const Sealing> seals) {
  STRONGROOM_TRY([[maybe_unused]] const int removed, store.erase<store::Seal>({}));
  for (const auto& sealing : seals) STRONGROOM_CHECKED(store.insert(sealing.row));
  STRONGROOM_CHECKED(rewrap_root_secrets(store, root_key, to));
  const Hierarchy next(to, store);
  STRONGROOM_TRY(auto tenants, store.list<store::Tenant>());
  for (auto& tenant : tenants) {
    if (tenant.wrapped_key.empty()) continue;
    STRONGROOM_TRY(tenant.wrapped_key,
                   hierarchy.rewrap_tenant_key(tenant.id, tenant.wrapped_key, next));
    STRONGROOM_CHECKED(store.update(tenant));
  }
  STRONGROOM_TRY(auto own, store.list<store::Installation>());
  for (auto& row : own) {
    STRONGROOM_TRY(row.value, hierarchy.rewrap_own(row.name, row.value, next));
    STRONGROOM_CHECKED(store.update(row));
  }
  STRONGROOM_CHECKED(rewrap_second_factors_in_transaction(next));
  STRONGROOM_CHECKED(rewrap_oauth_in_transaction(next));
  STRONGROOM_CHECKED(rewrap_identity_providers_in_transaction(next));
  STRONGROOM_CHECKED(rewrap_destructions_in_transaction(next));
  return rewrap_credentials_in_transaction(next);
}

Result<RootRotation> Vault::rotate_root(const Actor& actor, const Secret& passphrase) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  STRONGROOM_TRY(auto seals, state.renewed_seals(passphrase));
  Secret root = crypto::random_secret(kRootKeySize);
  for (auto& sealing : seals) seal_root(sealing, root);
  // Where this fails, the files that wait stay: a disk that failed may have kept the change.
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(state.change_root_in_transaction(root, seals));
    audit::Act act;
    act.detail = std::to_string(seals.size()) + (seals.size() == 1 ? " seal" : " seals");
    return state.act(actor, "root.rotate", std::move(act));
  }));
  state.root_key = std::move(root);
  state.hierarchy.change_root(state.root_key);
  state.seal_looks.clear();
  state.renewals.clear();
  state.new_shares.clear();
  for (auto& sealing : seals)
    if (!sealing.shares.empty())
      state.new_shares.push_back({sealing.row.id, std::move(sealing.shares)});
  RootRotation done;
  done.at = state.clock.wall();
  done.is_overwritten = true;
  for (const auto& sealing : seals) {
    if (sealing.row.kind != kFileSeal) continue;
    const Status adopted = adopt_next_seal_file(seal_file_path(sealing.row, state.seal_file));
    if (adopted) continue;
    done.is_overwritten = false;
    log(LogLevel::Error, "seal_file_not_replaced", {{"why", adopted.error().message}});
  }
  done.is_forgotten = state.store.forget_overwritten().has_value();
  STRONGROOM_CHECKED(state.anchoring.anchored());
  STRONGROOM_TRY(done.seals, list_seals(actor));
  return done;
}

}  // namespace strongroom::vault
