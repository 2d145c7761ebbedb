// Runner credentials: what a runner shows that was started with a ticket, and has no other right.
// Made with its session, good for that one while it is open; only its hash is kept.
// SPDX-License-Identifier: Apache-2.0
#include "vault/credentials.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

audit::Act facts_of(const store::Session& session) {
  audit::Act act;
  act.tenant = session.tenant;
  act.member = session.member;
  act.session = session.id;
  return act;
}

}  // namespace

/// Inside the transaction that makes the session.
Result<std::string> Vault::State::make_runner_credential(SessionId session) {
  std::string credential = make_credential(kRunnerCredentialStart);
  STRONGROOM_CHECKED(store.insert(store::RunnerCredential{session, kept_hash(credential)}));
  return credential;
}

Status Vault::admit_runner(SessionId id, const crypto::Digest& hash) {
  auto& state = *state_;
  const ByteVector octets(hash.begin(), hash.end());
  STRONGROOM_TRY(const auto found, state.store.find<store::RunnerCredential>(
                                       {{"credential_hash", store::to_value(octets)}}));
  if (!found)
    return fail(Code::Unauthorized, "This runner credential is not known.", "runner_unknown");
  STRONGROOM_TRY(const auto session, state.session(found->session));
  Status admitted = state.check_session(session);
  if (admitted && session.id != id)
    admitted = fail(Code::Refused, "This credential is of another session.", "runner_elsewhere");
  if (admitted && state.fences != nullptr && state.fences->has_runner(id))
    admitted = fail(Code::Conflict, "A runner of this session is here already.", "runner_attached");
  if (!admitted) {
    state.note_refused_runner(session, admitted.error());
    return admitted;
  }
  return state.act(Actor::installation("runner"), "session.attach", facts_of(session));
}

/// Once for each session and reason, so that nobody can fill the record.
void Vault::State::note_refused_runner(const store::Session& session, const Error& why) {
  if (!refused_runners.emplace(session.id, why.reason).second) return;
  auto facts = facts_of(session);
  facts.outcome = "refused: " + why.reason;
  (void)act(Actor::installation("runner"), "session.attach", std::move(facts));
}

}  // namespace strongroom::vault
