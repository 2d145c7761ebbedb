// A revoke that the disk does not take (it is full, it fails) fences all the same: holders let go,
// and this server refuses the key from then on. It is stored as soon as the disk takes it again.
// Only a restart before that forgets it, which the answer says. SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "vault/state.h"

namespace strongroom::vault {

io::Task<Result<Receipt>> Vault::State::fence_unstored(Undertaking undertaking, Error why) {
  for (const auto& target : undertaking.targets) {
    if (target.kind == FenceKind::Key)
      unstored_keys.insert(KeyId(target.id));
    else
      unstored_ends.emplace(SessionId(target.id), undertaking.reason);
  }
  auto facts = undertaking.facts;
  facts.outcome = "not stored";
  // The record's disk is most likely the same one: nothing waits for it here.
  (void)act(undertaking.actor, undertaking.action, std::move(facts));
  log(LogLevel::Error, "revoke_not_stored",
      {{"action", undertaking.action}, {"subject", undertaking.subject_id}, {"why", why.message}});
  if (fences != nullptr)
    (void)co_await fences->fence_all(undertaking.targets, undertaking.reason, grace);
  co_return fail(
      why.code,
      "It is fenced, and nothing uses it while this server runs; but it is not stored yet: " +
          why.message + ". Mend that before the server ends, then repeat the command.",
      "fenced_not_stored");
}

Status Vault::store_what_is_fenced() {
  auto& state = *state_;
  if (state.unstored_keys.empty() && state.unstored_ends.empty()) return {};
  STRONGROOM_CHECKED(state.commit_revocation([&]() -> Status {
    for (const auto& id : state.unstored_keys) {
      STRONGROOM_TRY(auto key, state.key(id));
      STRONGROOM_CHECKED(state.revoke_in_transaction(key));
    }
    for (const auto& [id, why] : state.unstored_ends) {
      STRONGROOM_TRY(auto session, state.session(id));
      STRONGROOM_CHECKED(state.end_in_transaction(session, why));
    }
    return {};
  }));
  log(LogLevel::Info, "fenced_is_stored",
      {{"keys", state.unstored_keys.size()}, {"sessions", state.unstored_ends.size()}});
  state.unstored_keys.clear();
  state.unstored_ends.clear();
  return state.anchoring.anchored();
}

}  // namespace strongroom::vault
