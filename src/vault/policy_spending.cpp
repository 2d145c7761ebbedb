// What was spent under policies: counted as uses settle, kept in the database every few seconds.
// SPDX-License-Identifier: Apache-2.0
#include "vault/state.h"

namespace strongroom::vault {

Status Vault::State::load_spending() {
  STRONGROOM_TRY(const auto rows, store.list<store::Spending>());
  for (const auto& row : rows)
    spending.load(row.policy, {row.day, static_cast<std::uint64_t>(row.bytes),
                               static_cast<std::uint64_t>(row.units)});
  return {};
}

void Vault::State::forget_policy(PolicyId id) {
  spending.forget(id);
  for (auto& [key, under] : spends_under)
    std::erase_if(under, [&](const SpendsUnder& each) { return each.policy == id; });
}

void Vault::note_spent(KeyId key, HolderId holder, const Use& use) {
  const auto found = state_->spends_under.find(key);
  if (found == state_->spends_under.end()) return;
  const auto day = day_of(state_->clock.wall());
  for (const auto& each : found->second)
    state_->spending.add(each.policy, holder, day, use.bytes,
                         each.unit == use.unit ? use.units : 0);
}

Spent Vault::spent_by_others(PolicyId policy, HolderId holder) const {
  return state_->spending.by_others(policy, holder, day_of(state_->clock.wall()));
}

std::vector<PolicyId> Vault::take_grown_spending() {
  return state_->spending.take_grown();
}

void Vault::forget_holder(HolderId holder) {
  state_->spending.forget_holder(holder);
  state_->activity.forget_holder(holder, {state_->clock.steady(), state_->clock.wall()});
}

Status Vault::save_spending() {
  auto& state = *state_;
  const auto unsaved = state.spending.unsaved();
  if (unsaved.empty()) return {};
  std::vector<PolicyId> gone;
  STRONGROOM_CHECKED(state.store.transact([&]() -> Status {
    for (const auto& [policy, spent] : unsaved) {
      const store::Value id = store::to_value(policy);
      STRONGROOM_TRY(const auto known, state.store.find<store::Policy>({{"id", id}}));
      if (!known) {  // its key or tenant is gone, and the last uses settled after that
        gone.push_back(policy);
        continue;
      }
      const store::Spending row{policy, spent.day, static_cast<std::int64_t>(spent.bytes),
                                static_cast<std::int64_t>(spent.units)};
      STRONGROOM_TRY(const auto there, state.store.find<store::Spending>({{"policy", id}}));
      STRONGROOM_CHECKED(there ? state.store.update(row) : state.store.insert(row));
    }
    return {};
  }));
  for (const auto& policy : gone) state.forget_policy(policy);
  state.spending.mark_saved();
  return {};
}

}  // namespace strongroom::vault
