// Shred: what was revoked in a tenant before now opens with no copy of the database from before.
//
// Such a copy holds the revoked record under a seed, the seed under the tenant's key, that key
// under the root key, and the root key under each seal. So all four change, the root key first and
// in the same call the epoch, so that nothing is revoked between; then the rewrap takes what is
// alive over, and destroys the old seed. Only then the receipt is written, and says R4 only where
// each of these was done. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/log.h"
#include "vault/rewrap.h"
#include "vault/state.h"

namespace strongroom::vault {

/// By name; or, removed ones too, by id.
Result<store::Tenant> Vault::State::tenant_even_removed(const Actor& actor, std::string_view name) {
  auto found = tenant(actor, name);
  if (found) return found;
  const auto id = TenantId::parse(name);
  if (!id || !actor.is_of(*id)) return found;
  STRONGROOM_TRY(auto row, by_id<store::Tenant>(*id));
  if (row) return std::move(*row);
  return found;
}

/// A key that must still destroy what it made at its source is kept beside that, revoked or not.
Result<bool> Vault::State::keeps_revoked_means(TenantId tenant) {
  STRONGROOM_TRY(const auto rows, undestroyed());
  for (const auto& row : rows) {
    STRONGROOM_TRY(const auto owner, by_id<store::Key>(row.key));
    if (owner && owner->tenant == tenant && is_revoked(*owner)) return true;
  }
  const auto is_any_owed = [&](const auto& owed) -> Result<bool> {
    for (const auto& row : owed) {
      STRONGROOM_TRY(const auto owner, by_id<store::Key>(row.key));
      if (owner && owner->tenant == tenant) return true;
    }
    return false;
  };
  STRONGROOM_TRY(const auto grants, owed_grants());
  STRONGROOM_TRY(const bool is_login_owed, is_any_owed(grants));
  if (is_login_owed) return true;
  STRONGROOM_TRY(const auto values, owed_values());
  return is_any_owed(values);
}

/// Empty where R4 holds.
Result<std::string> Vault::State::why_not_shredded(TenantId tenant, const Rewrap& rewrap) {
  const RootRotation& rotation = rewrap.shred->rotation;
  if (!rotation.is_overwritten)
    return "the old key of a seal's file could not be written over: see the log, mend the file's "
           "folder and shred again";
  if (!rotation.is_forgotten || !rewrap.view.is_forgotten)
    return "the database's log could not be emptied and may still hold the old keys: shred again";
  if (!unstored_keys.empty())
    return "a revoke is not stored yet, as the disk would not take it: make room and shred again";
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  for (const auto& seal : seals)
    if (is_external(seal.kind))
      return "the seal '" + detail_of(seal) +
             "' is held outside, where what it opened before is opened still: rotate its key "
             "there, "
             "or remove it, and shred again";
  STRONGROOM_TRY(const bool keeps, keeps_revoked_means(tenant));
  if (keeps)
    return "a revoked key is still needed to destroy what it made for sessions, or to be ended at "
           "its provider, and is kept until that is done: see 'strongroom session show' and its "
           "receipt, then shred again";
  return std::string();
}

Result<Vault::BegunRewrap> Vault::begin_shred(const Actor& actor, std::string_view name,
                                              const Secret& passphrase, unsigned share) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  if (share < 1 || share > 100)
    return fail(Code::Invalid, "the share of a shred is 1 to 100, in hundredths");
  if (const auto found = state.tenant_even_removed(actor, name); !found)
    return std::unexpected(found.error());
  Shred shred;
  shred.asked = state.clock.wall();
  STRONGROOM_TRY(shred.rotation, rotate_root(actor, passphrase));
  // Its key is wrapped anew.
  STRONGROOM_TRY(const auto tenant, state.tenant_even_removed(actor, name));
  auto& rewrap = state.rewraps[tenant.id];
  const bool is_running = rewrap.view.state == kRewrapRunning;
  if (tenant.state == kActive) {
    STRONGROOM_CHECKED(state.begin_new_rewrap(actor, tenant, share));
  } else {
    // Its keys are destroyed already.
    rewrap = {};
    rewrap.actor = actor;
    rewrap.view.tenant = tenant.name;
    rewrap.view.begun = shred.rotation.at;
    rewrap.view.is_forgotten = true;
    rewrap.view.state = kRewrapRunning;
  }
  rewrap.shred = std::move(shred);
  if (tenant.state == kActive) return BegunRewrap{tenant.id, !is_running};
  STRONGROOM_CHECKED(state.finish_shred(tenant.id, rewrap));
  rewrap.view.state = kRewrapDone;
  rewrap.view.ended = state.clock.wall();
  return BegunRewrap{tenant.id, false};
}

/// The receipt of what was revoked before the root key changed.
Status Vault::State::finish_shred(TenantId tenant, Rewrap& rewrap) {
  STRONGROOM_TRY(const auto why_not, why_not_shredded(tenant, rewrap));
  STRONGROOM_TRY(const auto row, by_id<store::Tenant>(tenant));
  STRONGROOM_TRY(const auto revoked, store.count<store::Key>({{"tenant", store::to_value(tenant)},
                                                              {"state", std::string(kRevoked)}}));
  ShredFacts facts;
  facts.tenant = tenant;
  facts.name = row ? row->name : std::string();
  facts.asked_by = rewrap.actor.name();
  facts.asked = rewrap.shred->asked;
  facts.before = rewrap.shred->rotation.at;
  facts.revoked_keys = revoked;
  facts.why_not = why_not;
  STRONGROOM_TRY(const auto receipt, write_shred_receipt(facts));
  rewrap.view.receipt = receipt.id.text();
  audit::Act act;
  act.tenant = tenant;
  act.detail = "receipt " + receipt.id.text() + (why_not.empty() ? ", R4" : ", R4 not claimed");
  return this->act(rewrap.actor, "tenant.shred", std::move(act));
}

Result<RewrapView> start_shred(io::Loop& loop, Vault& vault, const Actor& actor,
                               std::string_view tenant, const Secret& passphrase, unsigned share) {
  STRONGROOM_TRY(const auto begun, vault.begin_shred(actor, tenant, passphrase, share));
  STRONGROOM_TRY(auto view, vault.show_rewrap(actor, tenant));
  if (begun.is_new) loop.spawn(run_rewrap(loop, vault, begun.tenant));
  return view;
}

}  // namespace strongroom::vault
