// Revocation: first the durable change, then the fences, then the receipt. What is revoked in the
// database is never granted or renewed again, whatever happens to us after the commit; the rest is
// telling everybody and writing down what was achieved. Where the commit itself fails (a full
// disk), unstored.cpp fences all the same. SPDX-License-Identifier: Apache-2.0
#include <span>

#include "base/log.h"
#include "crypto/crypto.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

json::object subject_of(const store::Key& key) {
  return {{"kind", "key"},
          {"id", key.id.text()},
          {"service", key.service},
          {"label", key.label},
          {"delivery", catalog::name_of(static_cast<catalog::Delivery>(key.delivery))},
          {"version", key.version}};
}

}  // namespace

bool is_injected(const store::Key& key) {
  return key.delivery == static_cast<std::int64_t>(catalog::Delivery::Injected);
}

/// State, and the records of all its versions: from here on nothing in the database opens it.
Status Vault::State::revoke_in_transaction(store::Key& key) {
  if (key.state == kRevoked) return {};
  // As long as its record is there.
  STRONGROOM_CHECKED(owe_value_in_transaction(key));
  key.state = kRevoked;
  key.changed = now();
  STRONGROOM_CHECKED(store.update(key));
  STRONGROOM_TRY(auto versions, store.list<store::KeyVersion>({{"key", store::to_value(key.id)}}));
  for (auto& version : versions) {
    if (version.record.empty()) continue;
    version.record.clear();
    STRONGROOM_CHECKED(store.update(version));
  }
  STRONGROOM_CHECKED(owe_in_transaction(key.id));
  return erase_policies_in_transaction({{"key", store::to_value(key.id)}});
}

Status Vault::State::end_in_transaction(store::Session& session, std::string_view why) {
  if (session.state == kEnded) return {};
  session.state = kEnded;
  session.ended = now();
  session.ended_why = why.substr(0, 256);
  return store.update(session);
}

io::Task<Result<Receipt>> Vault::revoke_key(Actor actor, KeyId id) {
  auto& state = *state_;
  Undertaking undertaking;
  undertaking.asked = state.clock.wall();
  auto found = state.key(actor, id);
  if (!found) co_return std::unexpected(std::move(found).error());
  store::Key key = std::move(*found);
  const Status may = state.need_to_revoke(actor, key.owner);
  if (!may) co_return std::unexpected(may.error());
  const Status changed = state.commit_revocation([&] { return state.revoke_in_transaction(key); });
  undertaking.revoked = from_micros(key.changed);
  undertaking.subject = subject_of(key);
  undertaking.subject_id = id.text();
  undertaking.tenant = key.tenant;
  undertaking.reason = "key_revoked";
  state.take_down({}, {&key, 1}, undertaking);
  undertaking.facts.tenant = key.tenant;
  undertaking.facts.member = key.owner.value_or(MemberId());
  undertaking.facts.key = id;
  undertaking.facts.service = key.service;
  undertaking.action = "key.revoke";
  undertaking.actor = std::move(actor);
  co_return co_await state.carry_through(std::move(undertaking), changed);
}

io::Task<Result<Receipt>> Vault::end_session(Actor actor, SessionId id, std::string why) {
  auto& state = *state_;
  auto found = state.session(actor, id);
  if (!found) co_return std::unexpected(std::move(found).error());
  store::Session session = std::move(*found);
  const Status may = state.need_to_end(actor, session);
  if (!may) co_return std::unexpected(may.error());
  if (session.state == kEnded) {
    // Ended twice (a runner that says so while the operator does): one end, one receipt.
    auto written = state.receipt_of(id.text());
    if (!written) co_return std::unexpected(std::move(written).error());
    if (*written) co_return std::move(**written);
  }
  std::vector<HolderOutcome> none;
  co_return co_await state.end_session(std::move(actor), std::move(session), std::move(why),
                                       std::move(none));
}

io::Task<Result<Receipt>> Vault::State::end_session(Actor actor, store::Session session,
                                                    std::string why,
                                                    std::vector<HolderOutcome> reported) {
  const WallTime asked = clock.wall();
  Status changed = commit_revocation([&] { return end_in_transaction(session, why); });
  Undertaking undertaking = end_taken_down(std::move(actor), session, std::move(reported), asked);
  co_return co_await carry_through(std::move(undertaking), std::move(changed));
}

/// Of one whose end is stored, or could not be: nothing of it is renewed from now on.
Undertaking Vault::State::end_taken_down(Actor actor, const store::Session& session,
                                         std::vector<HolderOutcome> reported, WallTime asked) {
  Undertaking undertaking;
  undertaking.asked = asked;
  undertaking.reported = std::move(reported);
  undertaking.revoked = from_micros(session.ended);
  undertaking.subject = {
      {"kind", "session"}, {"id", session.id.text()}, {"why", session.ended_why}};
  undertaking.subject_id = session.id.text();
  undertaking.tenant = session.tenant;
  undertaking.reason = "session_ended";
  undertaking.ended = session.id;
  take_down({&session, 1}, {}, undertaking);
  undertaking.facts.tenant = session.tenant;
  undertaking.facts.member = session.member;
  undertaking.facts.session = session.id;
  undertaking.facts.detail = session.ended_why;
  undertaking.action = "session.end";
  undertaking.actor = std::move(actor);
  return undertaking;
}

io::Task<Result<Receipt>> Vault::remove_member(Actor actor, std::string tenant_name,
                                               std::string name) {
  auto& state = *state_;
  const Status may = actor.need(Right::Administer);
  if (!may) co_return std::unexpected(may.error());
  auto found = state.belongings_of(actor, tenant_name, name);
  if (!found) co_return std::unexpected(std::move(found).error());
  const Status may_appoint = need_to_appoint(actor, found->member.role);
  if (!may_appoint) co_return std::unexpected(may_appoint.error());
  std::function<Status()> nothing;
  co_return co_await state.remove_member(std::move(actor), std::move(*found), std::move(nothing));
}

io::Task<Result<Receipt>> Vault::State::remove_member(Actor actor, Belongings what,
                                                      std::function<Status()> beside) {
  Undertaking undertaking;
  undertaking.asked = undertaking.revoked = clock.wall();
  auto& [tenant, member, sessions, keys] = what;
  const Status changed = commit_revocation([&]() -> Status {
    member.state = kRemoved;
    STRONGROOM_CHECKED(store.update(member));
    STRONGROOM_CHECKED(begin_anew_in_transaction(member.id));
    for (auto& session : sessions)
      STRONGROOM_CHECKED(end_in_transaction(session, "member removed"));
    for (auto& key : keys) STRONGROOM_CHECKED(revoke_in_transaction(key));
    return beside ? beside() : Status();
  });
  undertaking.subject = {{"kind", "member"},
                         {"id", member.id.text()},
                         {"name", member.name},
                         {"sessions", sessions.size()},
                         {"keys", keys.size()}};
  undertaking.subject_id = member.id.text();
  undertaking.tenant = member.tenant;
  undertaking.reason = "member_removed";
  take_down(sessions, keys, undertaking);
  undertaking.facts.tenant = member.tenant;
  undertaking.facts.member = member.id;
  undertaking.facts.detail = member.name;
  undertaking.action = "member.remove";
  undertaking.actor = std::move(actor);
  co_return co_await carry_through(std::move(undertaking), changed);
}

io::Task<Result<Receipt>> Vault::remove_tenant(Actor actor, std::string name) {
  auto& state = *state_;
  Undertaking undertaking;
  undertaking.asked = undertaking.revoked = state.clock.wall();
  const Status may = actor.need(Right::Operate);
  if (!may) co_return std::unexpected(may.error());
  auto found = state.belongings_of(actor, name, {});
  if (!found) co_return std::unexpected(std::move(found).error());
  auto& [tenant, member, sessions, keys] = *found;
  const Status changed =
      state.commit_revocation([&] { return state.remove_in_transaction(tenant, sessions, keys); });
  if (changed) state.hierarchy.forget(tenant.id);
  undertaking.subject = {{"kind", "tenant"},
                         {"id", tenant.id.text()},
                         {"name", name},
                         {"sessions", sessions.size()},
                         {"keys", keys.size()}};
  undertaking.subject_id = tenant.id.text();
  undertaking.tenant = tenant.id;
  undertaking.reason = "tenant_removed";
  state.take_down(sessions, keys, undertaking);
  undertaking.facts.tenant = tenant.id;
  undertaking.facts.detail = std::move(name);
  undertaking.action = "tenant.remove";
  undertaking.actor = std::move(actor);
  co_return co_await state.carry_through(std::move(undertaking), changed);
}

/// A member, or with no name the whole tenant, and what goes with them.
Result<Belongings> Vault::State::belongings_of(const Actor& actor, std::string_view tenant_name,
                                               std::string_view member_name) {
  Belongings out;
  STRONGROOM_TRY(out.tenant, tenant(actor, tenant_name));
  if (!member_name.empty()) {
    STRONGROOM_TRY(out.member, member(out.tenant, member_name));
  }
  STRONGROOM_CHECKED(add_belongings(out));
  return out;
}

/// Of its member, or where there is none of its tenant.
Status Vault::State::add_belongings(Belongings& out) {
  store::Where sessions{{"state", std::string(kOpen)}};
  store::Where keys{{"tenant", store::to_value(out.tenant.id)}};
  if (out.member.name.empty()) {
    sessions.push_back({"tenant", store::to_value(out.tenant.id)});
  } else {
    sessions.push_back({"member", store::to_value(out.member.id)});
    keys.push_back({"owner", store::to_value(out.member.id)});
  }
  STRONGROOM_TRY(out.sessions, store.list<store::Session>(sessions));
  STRONGROOM_TRY(out.keys, store.list<store::Key>(keys));
  return {};
}

/// The tenant's key and seeds go: not one of its records can be opened again, from this database.
Status Vault::State::remove_in_transaction(store::Tenant& tenant,
                                           std::span<store::Session> sessions,
                                           std::span<store::Key> keys) {
  const store::Where of_tenant{{"tenant", store::to_value(tenant.id)}};
  tenant.state = kRemoved;
  tenant.name += "~" + tenant.id.text();  // the name may be used again
  tenant.wrapped_key.clear();
  STRONGROOM_CHECKED(store.update(tenant));
  STRONGROOM_TRY(auto epochs, store.list<store::Epoch>(of_tenant));
  for (auto& epoch : epochs) {
    epoch.wrapped_seed.clear();
    STRONGROOM_CHECKED(store.update(epoch));
  }
  STRONGROOM_TRY(auto members, store.list<store::Member>(of_tenant));
  for (auto& member : members) {
    member.state = kRemoved;
    STRONGROOM_CHECKED(store.update(member));
    STRONGROOM_CHECKED(begin_anew_in_transaction(member.id));
  }
  STRONGROOM_CHECKED(revoke_tokens_in_transaction(of_tenant));
  for (auto& session : sessions) STRONGROOM_CHECKED(end_in_transaction(session, "tenant removed"));
  for (auto& key : keys) STRONGROOM_CHECKED(revoke_in_transaction(key));
  STRONGROOM_TRY([[maybe_unused]] const int skills, store.erase<store::Skill>(of_tenant));
  STRONGROOM_CHECKED(erase_identities_in_transaction(of_tenant));
  STRONGROOM_CHECKED(erase_provisioned_in_transaction(of_tenant));
  STRONGROOM_TRY([[maybe_unused]] const int providers,
                 store.erase<store::IdentityProvider>(of_tenant));
  return erase_policies_in_transaction(of_tenant);
}

/// From now on nothing of these is renewed, and all of them are to be fenced.
void Vault::State::take_down(std::span<const store::Session> sessions,
                             std::span<const store::Key> keys, Undertaking& undertaking) {
  for (const auto& session : sessions) {
    if (open_sessions.erase(session.id) > 0)
      undertaking.ending.emplace_back(session.id, session.ended_why);
    proxy_sources.erase(session.id);
    activity.end(session.id);
    undertaking.targets.push_back({FenceKind::Session, session.id.bytes()});
  }
  for (const auto& key : keys) {
    if (live_keys.erase(key.id) > 0) undertaking.revoked_keys.push_back(key.id);
    spends_under.erase(key.id);
    undertaking.targets.push_back({FenceKind::Key, key.id.bytes()});
    undertaking.keys.emplace_back(key.id, key.service);
    if (is_injected(key)) undertaking.injected_keys.push_back(key.id);
  }
  tell_ending(undertaking);
}

io::Task<Result<Receipt>> Vault::State::carry_through(Undertaking undertaking, Status changed) {
  const TenantId tenant = undertaking.tenant;
  const auto ended = undertaking.ending;
  const auto revoked = undertaking.revoked_keys;
  auto receipt = co_await fence_and_write(std::move(undertaking), std::move(changed));
  tell_carried_through(tenant, ended, revoked, receipt);
  co_return receipt;
}

io::Task<Result<Receipt>> Vault::State::fence_and_write(Undertaking undertaking, Status changed) {
  if (!changed) co_return co_await fence_unstored(std::move(undertaking), changed.error());
  BegunFences begun = begin_fences(undertaking);
  std::vector<HolderOutcome> outcomes;
  if (fences != nullptr)
    outcomes = co_await fences->fence_all(undertaking.targets, undertaking.reason, grace);
  co_return co_await finish_fences(std::move(undertaking), std::move(begun), std::move(outcomes));
}

BegunFences Vault::State::begin_fences(Undertaking& undertaking) {
  undertaking.id = crypto::random_id<ReceiptId>();
  // A record that cannot be written must not keep the fences from going up; it is answered as an
  // error when they are.
  auto facts = undertaking.facts;
  facts.outcome = "begun";
  BegunFences begun;
  begun.recorded = act(undertaking.actor, undertaking.action, std::move(facts));
  // Nor must rows that cannot be read: then there is no receipt, as it might leave something out.
  begun.credentials = note_credentials(undertaking);
  if (issuing != nullptr) issuing->begin();
  return begun;
}

io::Task<Result<Receipt>> Vault::State::finish_fences(Undertaking undertaking, BegunFences begun,
                                                      std::vector<HolderOutcome> outcomes) {
  const auto& [recorded, credentials] = begun;
  outcomes.insert(outcomes.end(), undertaking.reported.begin(), undertaking.reported.end());
  if (issuing != nullptr) co_await issuing->settle(undertaking.credentials);
  const Status forgotten = store.forget_overwritten();
  undertaking.is_forgotten = forgotten.has_value();
  if (!forgotten) log(LogLevel::Warning, "log_not_emptied", {{"why", forgotten.error().message}});
  auto receipt = credentials ? write_receipt(undertaking, outcomes)
                             : Result<Receipt>(std::unexpected(credentials.error()));
  if (!receipt)
    co_return fail(receipt.error().code,
                   "It is revoked and fenced, but the receipt could not be stored: " +
                       receipt.error().message + ". Repeat the command for a receipt.",
                   "receipt_not_stored");
  undertaking.facts.detail +=
      (undertaking.facts.detail.empty() ? "" : ", ") + ("receipt " + undertaking.id.text());
  const Status finished = act(undertaking.actor, undertaking.action, undertaking.facts);
  if (!recorded || !finished) {
    log(LogLevel::Error, "record_failed",
        {{"action", undertaking.action}, {"subject", undertaking.subject_id}});
    co_return fail(Code::Storage,
                   "It is revoked and fenced, but the record of use could not be written: " +
                       (recorded ? finished.error().message : recorded.error().message));
  }
  // The receipt's row is in the same anchor.
  const Status anchor_follows = anchoring.anchored();
  if (!anchor_follows) co_return std::unexpected(anchor_follows.error());
  co_return receipt;
}

}  // namespace strongroom::vault
