// The seals of an open vault: each holds the root key by itself, any one of them opens.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/sealing.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

SealView view_of(const store::Seal& seal) {
  return {seal.id, seal.kind, detail_of(seal), from_micros(seal.created)};
}

audit::Act act_on(const store::Seal& seal) {
  audit::Act act;
  act.detail = seal.kind + " " + seal.id.text();
  return act;
}

}  // namespace

Result<std::vector<SealView>> Vault::list_seals(const Actor& actor) {
  STRONGROOM_CHECKED(actor.need(Right::Look));
  STRONGROOM_TRY(const auto seals, state_->store.list<store::Seal>());
  std::vector<SealView> views;
  for (const auto& seal : seals) views.push_back(view_of(seal));
  return views;
}

Result<SealView> Vault::add_seal(const Actor& actor, Sealing sealing) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  sealing.row.created = state.now();
  seal_root(sealing, state.root_key);
  const auto& seal = sealing.row;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto seals, state.store.list<store::Seal>());
    if (seals.size() >= kMostSeals)
      return fail(Code::Refused, "There are as many seals as there may be: remove one first.",
                  "too_many_seals");
    STRONGROOM_CHECKED(state.store.insert(seal));
    return state.act(actor, "seal.add", act_on(seal));
  }));
  return view_of(seal);
}

Status Vault::remove_seal(const Actor& actor, SealId id) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto seals, state.store.list<store::Seal>());
    const auto found = std::ranges::find(seals, id, &store::Seal::id);
    if (found == seals.end()) return fail(Code::NotFound, "There is no seal " + id.text() + ".");
    if (seals.size() == 1)
      return fail(Code::Refused,
                  "This is the only seal: without it nothing opens the database. Add another one "
                  "first.",
                  "last_seal");
    STRONGROOM_TRY([[maybe_unused]] const int removed,
                   state.store.erase<store::Seal>({{"id", store::to_value(id)}}));
    return state.act(actor, "seal.remove", act_on(*found));
  }));
  // The row's old octets open with the removed seal: gone from every file, or the caller is told.
  STRONGROOM_CHECKED(state.store.forget_overwritten());
  return state.anchored();
}

}  // namespace strongroom::vault
