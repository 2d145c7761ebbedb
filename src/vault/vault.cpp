// Start, look-ups and views; the rules are in the files beside this one, by subject.
// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.h"

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "vault/live_keys.h"
#include "vault/root_secrets.h"
#include "vault/state.h"

namespace strongroom::vault {

Vault::State::State(Parts&& parts)
    : clock(parts.clock),
      store(parts.store),
      catalog(parts.catalog),
      record(parts.record),
      grace(parts.grace),
      making_time(parts.making),
      hierarchy(parts.root_key, parts.store),
      anchoring({parts.clock, parts.store, parts.record, hierarchy, parts.anchor, parts.counter,
                 parts.witness == nullptr ? std::nullopt : std::optional(*parts.witness)}),
      root_key(std::move(parts.root_key)),
      seal_file(std::move(parts.seal_file)),
      challenges(parts.clock) {}

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::open(Parts parts) {
  if (!parts.store.is_unlocked()) STRONGROOM_CHECKED(accept_root_key(parts.store, parts.root_key));
  LiveKeys live;
  STRONGROOM_CHECKED(parts.store.verify_all(live.onlooker()));
  // A crash may have come between a destruction and this.
  (void)parts.store.forget_overwritten();
  const bool accepts_rollback = parts.accept_rollback;
  auto state = std::make_unique<State>(std::move(parts));
  STRONGROOM_CHECKED(state->load_own_secrets());
  STRONGROOM_CHECKED(state->load_newest(live, accepts_rollback));
  STRONGROOM_CHECKED(state->load_spending());
  return std::unique_ptr<Vault>(new Vault(std::move(state)));
}

void Vault::set_fences(HolderFences& fences) {
  state_->fences = &fences;
}

Status Vault::State::load_own_secrets() {
  const auto load_or_make = [this](std::string_view name, auto make) -> Result<Secret> {
    STRONGROOM_TRY(const auto row, store.find<store::Installation>({{"name", std::string(name)}}));
    if (row) return hierarchy.open_own(name, row->value);
    Secret fresh = make();
    const store::Installation made{std::string(name), hierarchy.seal_own(name, fresh)};
    STRONGROOM_CHECKED(store.transact([&] { return store.insert(made); }));
    return fresh;
  };
  STRONGROOM_TRY(signing_key, load_or_make("signing_key", crypto::generate_signing_key));
  STRONGROOM_TRY(link_key, load_or_make("link_key", [] { return crypto::random_secret(32); }));
  STRONGROOM_TRY(password_key,
                 load_or_make("password_key", [] { return crypto::random_secret(32); }));
  STRONGROOM_TRY(const Secret id, load_or_make("id", [] { return crypto::random_secret(16); }));
  installation = id.reveal([](ByteView octets) { return "ins_" + to_hex(octets); });
  return {};
}

/// Then the database was put back, and its anchor with it. Only acts that are written after their
/// change is stored count: "begun", "done".
std::string Vault::State::contradiction(const audit::Entry& entry) const {
  const auto* act = std::get_if<audit::Act>(&entry.content);
  if (act == nullptr || (act->outcome != "begun" && act->outcome != "done")) return {};
  std::string untold;
  if (act->action == "key.revoke" && live_keys.contains(act->key))
    untold = "the revoke of the key " + act->key.text();
  if (act->action == "session.end" && open_sessions.contains(act->session))
    untold = "the end of the session " + act->session.text();
  return untold;
}

Status Vault::State::load_what_lives(const LiveKeys& live) {
  // A second time, where an older database was accepted.
  for (const auto& [session, until] : open_sessions) activity.end(session);
  open_sessions.clear();
  kept_tickets.clear();
  live_keys = live.ids();
  key_ends = live.ends();
  STRONGROOM_TRY(const auto sessions, store.list<store::Session>({{"state", std::string(kOpen)}}));
  for (const auto& each : sessions) open_sessions.emplace(each.id, from_micros(each.expires));
  STRONGROOM_TRY(const auto without_end, load_activity(sessions));
  STRONGROOM_CHECKED(load_tickets());
  STRONGROOM_CHECKED(load_health());
  STRONGROOM_CHECKED(load_grants());
  std::string untold;
  STRONGROOM_CHECKED(record.for_each([&](const audit::Entry& entry) {
    untold = contradiction(entry);
    if (!untold.empty()) return false;
    const auto* use = std::get_if<audit::Use>(&entry.content);
    if (use != nullptr && live_keys.contains(use->key)) last_used[use->key] = entry.time;
    return true;
  }));
  if (!untold.empty()) return std::unexpected(Anchoring::older_than_record(untold));
  // Nobody is left who could say how they ended.
  for (const auto& end : without_end) record.record_later(end);
  return {};
}

// ------------------------------------------------------------------------------------------------
// looking up

Result<store::Member> Vault::State::member(const store::Tenant& tenant, std::string_view name) {
  STRONGROOM_TRY(const auto found,
                 store.find<store::Member>({{"tenant", store::to_value(tenant.id)},
                                            {"name", std::string(name)},
                                            {"state", std::string(kActive)}}));
  if (!found)
    return fail(Code::NotFound, "There is no member '" + std::string(name.substr(0, 64)) +
                                    "' in the tenant '" + tenant.name + "'.");
  return *found;
}

Result<store::Key> Vault::State::key(KeyId id) {
  STRONGROOM_TRY(const auto found, by_id<store::Key>(id));
  if (!found) return fail(Code::NotFound, "There is no key " + id.text() + ".");
  return *found;
}

Result<store::Session> Vault::State::session(SessionId id) {
  STRONGROOM_TRY(const auto found, by_id<store::Session>(id));
  if (!found) return fail(Code::NotFound, "There is no session " + id.text() + ".");
  return *found;
}

Result<store::KeyVersion> Vault::State::current_version(const store::Key& key) {
  STRONGROOM_TRY(const auto found, store.find<store::KeyVersion>({{"key", store::to_value(key.id)},
                                                                  {"version", key.version}}));
  if (!found)
    return fail(Code::Tampered, "The current version of " + key.id.text() + " is missing.");
  return *found;
}

Result<const catalog::Service*> Vault::State::service(std::string_view id) const {
  const auto* found = catalog.find(id);
  if (found == nullptr)
    return fail(Code::NotFound,
                "The catalogue has no service '" + std::string(id.substr(0, 64)) + "'.");
  return found;
}

Result<std::string> Vault::State::tenant_name(TenantId id) {
  STRONGROOM_TRY(const auto found, by_id<store::Tenant>(id));
  return found ? found->name : std::string();
}

Result<std::string> Vault::State::member_name(MemberId id) {
  STRONGROOM_TRY(const auto found, by_id<store::Member>(id));
  return found ? found->name : std::string();
}

// ------------------------------------------------------------------------------------------------
// the record

Status Vault::State::act(const Actor& actor, std::string_view action, audit::Act facts) {
  facts.actor = actor.name();
  facts.action = action;
  if (facts.outcome.empty()) facts.outcome = "done";
  STRONGROOM_CHECKED(record.record(facts));
  in_doubt = std::move(facts);
  return {};
}

Status Vault::State::commit(const std::function<Status()>& work) {
  STRONGROOM_CHECKED(anchoring.may_change());
  return commit_revocation(work);
}

Status Vault::State::commit_revocation(const std::function<Status()>& work) {
  in_doubt.reset();
  Status done = store.transact(work);
  auto acted = std::exchange(in_doubt, std::nullopt);
  if (done || !acted) return done;
  acted->outcome = "undone";
  if (const auto recorded = record.record(*acted); !recorded)
    log(LogLevel::Error, "record_failed", {{"action", acted->action}});
  return done;
}

Status Vault::State::refuse_pass(const Secret& value) {
  const auto hash = value.reveal([](ByteView plain) { return crypto::sha256(plain); });
  STRONGROOM_TRY(const auto grant,
                 store.find<store::Grant>({{"pass_hash", ByteVector(hash.begin(), hash.end())}}));
  if (grant)
    return fail(Code::Invalid,
                "This is the pass of a session, not a provider's key: nothing was stored.");
  return {};
}

// ------------------------------------------------------------------------------------------------
// settings as kept

std::string settings_text(const Settings& settings) {
  json::object object;
  for (const auto& [name, value] : settings) object[name] = value;
  return to_text(object);
}

Result<Settings> settings_of(const std::string& text) {
  STRONGROOM_TRY(const auto parsed, parse_json(text));
  if (!parsed.is_object()) return fail(Code::Tampered, "The settings of a key are malformed.");
  Settings settings;
  for (const auto& [name, value] : parsed.get_object()) {
    if (!value.is_string()) return fail(Code::Tampered, "The settings of a key are malformed.");
    settings.emplace_back(std::string(name), std::string(value.get_string()));
  }
  return settings;
}

// ------------------------------------------------------------------------------------------------
// the anchor

Status Vault::anchor_newest() {
  return state_->anchoring.anchor_newest();
}
void Vault::counted(const Result<std::int64_t>& stands) {
  state_->anchoring.note_counted(stands);
}
std::uint64_t Vault::counts_asked() const {
  return state_->anchoring.counts_asked();
}
Result<bool> Vault::is_counted(std::uint64_t asked) const {
  return state_->anchoring.is_counted(asked);
}
Status Vault::anchor_health() const {
  return state_->anchoring.health();
}

// ------------------------------------------------------------------------------------------------
// the installation

std::string Vault::receipt_public_key() const {
  return to_base64(crypto::public_key_of(state_->signing_key));
}
std::string Vault::installation_id() const {
  return state_->installation;
}
Secret Vault::link_key() const {
  return state_->link_key.duplicate();
}
void Vault::note_used(KeyId id, WallTime at) {
  state_->last_used[id] = at;
}

Result<bool> Vault::inspect_part(const Actor& actor, store::Inspection& inspection) {
  // Few enough that leases are renewed beside it.
  constexpr std::size_t kRowsAtOnce = 500;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  return state_->store.inspect_part(inspection, kRowsAtOnce);
}

}  // namespace strongroom::vault
