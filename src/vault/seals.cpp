// The seals of an open vault: each holds the root key by itself, any one of them opens.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/sealing.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

bool asks_somebody(const store::Seal& seal) {
  return seal.kind != kFileSeal && !is_external(seal.kind);
}

}  // namespace

SealView Vault::State::view_of_seal(const store::Seal& seal) const {
  SealView view;
  view.id = seal.id;
  view.kind = seal.kind;
  view.detail = detail_of(seal);
  view.created = from_micros(seal.created);
  if (asks_somebody(seal)) view.state = "asks";
  const auto look = seal_looks.find(seal.id);
  if (look == seal_looks.end()) return view;
  const auto& [opens, at] = look->second;
  view.state = opens ? "opens" : "fails";
  if (!opens) view.why = opens.error().message;
  view.seen = at;
  return view;
}

namespace {

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
  for (const auto& seal : seals) views.push_back(state_->view_of_seal(seal));
  return views;
}

Result<std::vector<store::Seal>> Vault::seals_to_look_at() {
  STRONGROOM_TRY(auto seals, state_->store.list<store::Seal>());
  std::erase_if(seals, asks_somebody);
  return seals;
}

void Vault::note_seal(const store::Seal& seal, const Result<Secret>& key) {
  auto& state = *state_;
  // One that was removed, or replaced, while it was asked would be told as failing for good: nobody
  // looks at it again.
  const auto seals = state.store.list<store::Seal>();
  if (seals && std::ranges::find(*seals, seal.id, &store::Seal::id) == seals->end()) return;
  Status opens;
  if (!key) {
    opens = std::unexpected(key.error());
  } else if (const auto root = unseal(seal, *key, "It gives another key than this seal's.");
             !root) {
    opens = std::unexpected(root.error());
  }
  state.seal_looks.insert_or_assign(seal.id, SealLook{std::move(opens), state.clock.wall()});
}

std::size_t Vault::failing_seals() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      state_->seal_looks, [](const auto& look) { return !look.second.opens; }));
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
  if (!asks_somebody(seal)) note_seal(seal, std::move(sealing.key));
  return state.view_of_seal(seal);
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
    state.seal_looks.erase(id);
    return state.act(actor, "seal.remove", act_on(*found));
  }));
  // The row's old octets open with the removed seal: gone from every file, or the caller is told.
  STRONGROOM_CHECKED(state.store.forget_overwritten());
  return state.anchoring.anchored();
}

}  // namespace strongroom::vault
