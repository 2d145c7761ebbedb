// Opening a tenant's keys for a search of where their values have got to. They go to a searcher
// (scan/searcher.h) and nowhere else. SPDX-License-Identifier: Apache-2.0
#include "vault/state.h"

namespace strongroom::vault {

Result<SearchedKeys> Vault::open_for_scan(const Actor& actor, std::string_view tenant_name) {
  auto& state = *state_;
  // A search answers whether a guess is right: whoever may not read a key may not search for it.
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  STRONGROOM_TRY(const auto tenant, state.tenant(actor, tenant_name));
  STRONGROOM_TRY(const auto keys,
                 state.store.list<store::Key>({{"tenant", store::to_value(tenant.id)}}));
  SearchedKeys out;
  out.tenant = tenant.id;
  for (const auto& key : keys) {
    if (state.is_revoked(key)) continue;  // no record of it is left
    STRONGROOM_TRY(const auto version, state.current_version(key));
    STRONGROOM_TRY(auto value, state.hierarchy.open(key, version));
    out.values.emplace_back(key.id, std::move(value));
  }
  audit::Act act;
  act.tenant = tenant.id;
  act.detail = std::to_string(out.values.size()) + " keys";
  STRONGROOM_CHECKED(state.act(actor, "scan.begin", std::move(act)));
  return out;
}

Status Vault::note_scanned(const Actor& actor, TenantId tenant, std::string_view outcome) {
  audit::Act act;
  act.tenant = tenant;
  act.outcome = outcome;
  return state_->act(actor, "scan.end", std::move(act));
}

}  // namespace strongroom::vault
