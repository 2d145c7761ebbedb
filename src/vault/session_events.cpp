// Tells of what happens in sessions. SPDX-License-Identifier: Apache-2.0
#include "vault/session_events.h"

#include "vault/state.h"

namespace strongroom::vault {
namespace {

json::object labels_of(const Settings& labels) {
  json::object out;
  for (const auto& [name, value] : labels) out[name] = value;
  return out;
}

/// Null where there is none: it could not be stored, or is that of more than this.
json::value receipt_in(const Receipt* receipt) {
  return receipt != nullptr ? json::value(receipt->id.text()) : json::value(nullptr);
}

json::object end_facts(std::string_view why, const Receipt* receipt) {
  json::object out{{"why", why}};
  out["receipt"] = receipt_in(receipt);
  out["withdrawn"] = receipt != nullptr ? json::value(receipt->is_withdrawn) : json::value(nullptr);
  return out;
}

}  // namespace

void Vault::follow_sessions(SessionFollower follower) {
  state_->session_follower = std::move(follower);
}

void Vault::note_attached(SessionId session) {
  auto& state = *state_;
  if (!state.session_follower) return;
  // Nobody waits for this: one that cannot be read now is shown as ended soon enough.
  const auto row = state.session(session);
  if (!row) return;
  state.tell(state.event("attached", *row));
}

bool Vault::is_ending(SessionId session) const {
  return state_->ending.contains(session);
}

Result<SessionEvent> Vault::end_of(const SessionView& view) {
  STRONGROOM_TRY(const auto row, state_->session(view.id));
  SessionEvent out = state_->event("ended", row);
  out.at = view.ended.value_or(out.at);
  STRONGROOM_TRY(const auto receipt, state_->receipt_of(view.id.text()));
  out.facts = end_facts(view.ended_why, receipt ? &*receipt : nullptr);
  return out;
}

/// A member who cannot be read is nobody: only who sees the whole tenant is told.
void Vault::State::put_session(SessionEvent& event, SessionId session) {
  event.session = session;
  const auto row = by_id<store::Session>(session);
  event.member = row && *row ? (*row)->member : MemberId();
}

SessionEvent Vault::State::event(std::string_view kind, TenantId tenant) {
  SessionEvent out;
  out.kind = kind;
  out.at = clock.wall();
  out.tenant = tenant;
  // A removed tenant's name has its id behind a '~', as another may have the name now.
  if (auto name = tenant_name(tenant)) out.tenant_name = name->substr(0, name->find('~'));
  return out;
}

SessionEvent Vault::State::event(std::string_view kind, const store::Session& session) {
  SessionEvent out = event(kind, session.tenant);
  out.session = session.id;
  out.member = session.member;
  return out;
}

void Vault::State::tell(const SessionEvent& event) const {
  if (session_follower) session_follower(event);
}

/// How a key does now, once that is stored. Nobody waits for this: one that cannot be read is seen
/// by whoever lists keys.
void Vault::State::tell_key(KeyId id) {
  if (!session_follower) return;
  const auto row = key(id);
  if (!row) return;
  const auto shown = view(*row);
  if (!shown) return;
  SessionEvent out = event("key_state", row->tenant);
  out.member = row->owner.value_or(MemberId());
  out.facts = {{"key", id.text()},
               {"service", shown->service},
               {"label", shown->label},
               {"owner", shown->owner},
               {"state", shown->state}};
  tell(out);
}

void Vault::State::tell_started(const store::Session& session, const SessionView& view) {
  SessionEvent out = event("started", session);
  out.facts = {{"member", view.member},
               {"runtime", view.runtime},
               {"expires", to_rfc3339(view.expires)},
               {"labels", labels_of(view.labels)}};
  tell(out);
}

void Vault::State::tell_ending(const Undertaking& undertaking) {
  if (undertaking.ending.empty()) return;
  SessionEvent out = event("ending", undertaking.tenant);
  for (const auto& [session, why] : undertaking.ending) {
    ending.insert(session);
    put_session(out, session);
    out.facts["why"] = why;
    tell(out);
  }
}

void Vault::State::tell_carried_through(TenantId tenant, const Undertaking::Ending& ended,
                                        const std::vector<KeyId>& revoked,
                                        const Result<Receipt>& receipt) {
  SessionEvent out = event("ended", tenant);
  for (const auto& [session, why] : ended) {
    ending.erase(session);
    put_session(out, session);
    out.facts = end_facts(why, receipt ? &*receipt : nullptr);
    tell(out);
  }
  out.kind = "key_revoked";
  for (const auto& key : revoked) {
    const auto grants = store.list<store::Grant>({{"key", store::to_value(key)}});
    if (!grants) continue;
    for (const auto& grant : *grants) {
      if (!open_sessions.contains(grant.session)) continue;
      put_session(out, grant.session);
      out.facts = {{"key", key.text()}, {"service", grant.service}, {"label", grant.label}};
      out.facts["receipt"] = receipt_in(receipt ? &*receipt : nullptr);
      tell(out);
    }
  }
  for (const auto& key : revoked) tell_key(key);
}

}  // namespace strongroom::vault
