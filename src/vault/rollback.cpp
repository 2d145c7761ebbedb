// The database against its anchor. At a start, one that is older than the anchor, or than the
// record of use, is refused: what was revoked since would be live again. Accepting it, where an
// operator says so, takes away again what the record says was taken away, ends every session, and
// begins a new generation.
//
// While serving, the anchor follows the database: first the change is durable there, then here, and
// only then is what it took away answered. So whatever ends the process, the database is as new as
// its anchor, and nothing that was answered can be put back unnoticed. What only gives something
// waits for the next second. (What a counter and a witness add: anchor_count.cpp,
// witnessed_state.cpp.) SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "vault/live_keys.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGeneration = "generation";

Secret generation_value(std::int64_t generation) {
  ByteVector octets;
  Writer(octets).i64(generation);
  Secret value = Secret::of_size(octets.size());
  value.reveal_mutable([&](MutableBytes out) { std::ranges::copy(octets, out.begin()); });
  return value;
}

std::string words_of(const AnchoredState& state) {
  return "change " + std::to_string(state.revision) + " of generation " +
         std::to_string(state.generation);
}

constexpr std::string_view kDatabaseOlder = "database_older";
constexpr std::string_view kHowToAccept =
    " Put the newest database back; or, if an older one was restored on purpose, start once with "
    "'strongroom serve --accept-rollback': what the record of use says was revoked since is "
    "revoked again, and every session ends.";

/// The first word of a detail: an id.
std::string first_word(const std::string& text) {
  return text.substr(0, text.find(' '));
}

}  // namespace

std::unexpected<Error> Vault::State::refuse_older(std::string_view why) {
  return fail(Code::Sealed, std::string(why) + std::string(kHowToAccept),
              std::string(kDatabaseOlder));
}

Error Vault::State::older_than_record(const std::string& untold) {
  return refuse_older("The database is older than the record of use, which tells of " + untold +
                      ".")
      .error();
}

/// What the record of use tells was taken away, ever.
struct Vault::State::TakenAway {
  std::set<KeyId> keys;
  std::map<KeyId, std::int64_t> rotations;
  std::set<MemberId> members;
  std::set<TenantId> tenants;
  std::set<std::string> tokens;
  std::set<std::string> seals;
  struct WayIn {
    std::int64_t at = 0;
    std::string detail;
  };
  std::map<MemberId, std::vector<WayIn>> ways_in;  ///< passwords, and passkeys of invitations
  std::set<std::string> passkeys;
  std::set<std::string> identities;
  std::set<std::string> providers;
  std::map<MemberId, std::string> roles;  ///< what a provider's groups have made of them last
  std::set<MemberId> withheld;            ///< by their groups, and not given back
  std::set<std::string> provisionings;    ///< whose token was changed, or ended

  void add(const audit::Act& act, WallTime at) {
    if (act.action == "key.rotate") rotations[act.key] += act.outcome == "undone" ? -1 : 1;
    // Not undone, and not refused: begun, done, or asked for while the disk was full.
    if (act.outcome != "begun" && act.outcome != "done" && act.outcome != "not stored") return;
    if (act.action == "key.revoke") keys.insert(act.key);
    if (act.action == "member.remove") members.insert(act.member);
    if (act.action == "tenant.remove") tenants.insert(act.tenant);
    if (act.action == "member.password" || act.action == "member.passkey")
      ways_in[act.member].push_back({to_micros(at), act.detail});
    if (act.action == "passkey.remove") passkeys.insert(act.detail);
    if (act.action == "identity.remove") identities.insert(first_word(act.detail));
    if (act.action == "identity_provider.remove") providers.insert(first_word(act.detail));
    if (act.action == "member.role") roles[act.member] = first_word(act.detail);
    if (act.action == "member.access") {
      if (first_word(act.detail) == "withheld:")
        withheld.insert(act.member);
      else
        withheld.erase(act.member);
    }
    if (act.action == "provisioning.begin" || act.action == "provisioning.end")
      provisionings.insert(first_word(act.detail));
    if (act.action == "token.revoke") tokens.insert(first_word(act.detail));
    if (act.action == "seal.remove") seals.insert(act.detail.substr(act.detail.rfind(' ') + 1));
  }

  /// Is there another way in since? The record writes down each after its row was made.
  [[nodiscard]] bool has_later(const store::Password& row) const {
    return later(row.member, row.changed, [](const WayIn&) { return true; }) > 1;
  }
  /// A changed password leaves passkeys alone; an invitation leaves its own alone.
  [[nodiscard]] bool has_later(const store::Passkey& row) const {
    const auto ends_it = [&](const WayIn& way) {
      return way.detail != "changed" && first_word(way.detail) != row.id.text();
    };
    return passkeys.contains(row.id.text()) || later(row.member, row.created, ends_it) > 0;
  }
  /// The same of who comes in through a provider.
  [[nodiscard]] bool has_later(const store::Identity& row) const {
    const auto ends_it = [](const WayIn& way) { return way.detail != "changed"; };
    return identities.contains(row.id.text()) || providers.contains(row.provider.text()) ||
           later(row.member, row.created, ends_it) > 0;
  }

 private:
  template <class Is>
  [[nodiscard]] std::ptrdiff_t later(MemberId member, std::int64_t than, Is&& is) const {
    const auto found = ways_in.find(member);
    if (found == ways_in.end()) return 0;
    return std::ranges::count_if(found->second,
                                 [&](const WayIn& way) { return way.at >= than && is(way); });
  }
};

/// Counts, for people.
struct Vault::State::TakenAgain {
  std::size_t tenants = 0;
  std::size_t members = 0;
  std::size_t keys = 0;
  std::size_t rotated = 0;  ///< of the keys: revoked because their value was rotated away
  std::size_t tokens = 0;
  std::size_t passwords = 0;
  std::size_t passkeys = 0;
  std::size_t identities = 0;
  std::size_t roles = 0;
  std::size_t withheld = 0;
  std::size_t seals = 0;
  std::size_t sessions = 0;

  [[nodiscard]] std::string words() const {
    const std::array<std::pair<std::string_view, std::size_t>, 12> counts = {
        {{"tenants removed", tenants},
         {"members removed", members},
         {"keys revoked", keys},
         {"of them for a rotation", rotated},
         {"tokens revoked", tokens},
         {"passwords removed", passwords},
         {"passkeys removed", passkeys},
         {"identities removed", identities},
         {"roles taken back", roles},
         {"members withheld", withheld},
         {"seals removed", seals},
         {"sessions ended", sessions}}};
    std::string words;
    for (const auto& [what, count] : counts)
      words += (words.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(what);
    return words;
  }
};

// ------------------------------------------------------------------------------------------------
// at a start

Result<std::int64_t> Vault::State::kept_generation() {
  STRONGROOM_TRY(const auto row,
                 store.find<store::Installation>({{"name", std::string(kGeneration)}}));
  if (!row) return 0;
  STRONGROOM_TRY(const Secret value, hierarchy.open_own(kGeneration, row->value));
  return value.reveal([](ByteView octets) {
    Reader reader(octets);
    return reader.i64();
  });
}

Status Vault::State::keep_generation_in_transaction(std::int64_t number) {
  const std::string name(kGeneration);
  const store::Installation row{name, hierarchy.seal_own(name, generation_value(number))};
  STRONGROOM_TRY(const auto found, store.find<store::Installation>({{"name", name}}));
  return found ? store.update(row) : store.insert(row);
}

AnchoredState Vault::State::durable_state() const {
  const auto& mark = store.durable();
  return {generation, mark.revision, mark.digest, clock.wall()};
}

Status Vault::State::check_against_anchor() const {
  if (!in_place) {
    if (generation == 0) return {};
    return refuse_older(
        "The database has an anchor, but " + anchor->name() +
        " is not there: nothing tells whether this database is the newest, or what was "
        "revoked since.");
  }
  const AnchoredState database = durable_state();
  switch (standing_of(database, *in_place)) {
    case AnchorStanding::Same:
    case AnchorStanding::Newer:
      return {};
    case AnchorStanding::Older:
      return refuse_older("The database is older than " + anchor->name() + ": it stands at " +
                          words_of(database) + ", the anchor at " + words_of(*in_place) + ", of " +
                          to_rfc3339(in_place->at) + ".");
    case AnchorStanding::Another:
      return refuse_older("The database is not the one of " + anchor->name() + ": both stand at " +
                          words_of(database) + ", but two copies of it went on side by side.");
  }
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

Status Vault::State::look_at_anchor() {
  if (anchor == nullptr) return {};
  STRONGROOM_TRY(generation, kept_generation());
  STRONGROOM_TRY(const auto text, anchor->read());
  if (text) {
    STRONGROOM_TRY(in_place, read_anchor(store, *text, anchor->name()));
  }
  STRONGROOM_CHECKED(look_at_counter());
  STRONGROOM_CHECKED(check_against_anchor());
  return check_counter();
}

Status Vault::State::load_newest(const LiveKeys& verified, bool accept_older) {
  Status stands = look_at_anchor();
  if (stands) stands = check_witness();
  if (stands) stands = check_against_record();
  if (stands) stands = load_what_lives(verified);
  if (stands) return begin_anchoring();
  if (!accept_older || stands.error().reason != kDatabaseOlder) return stands;
  STRONGROOM_CHECKED(accept_rollback());
  LiveKeys left;
  STRONGROOM_CHECKED(left.read(store));
  return load_what_lives(left);
}

Status Vault::State::begin_anchoring() {
  // The anchor of generation 0 comes first: a start that ends here leaves one that the database is
  // as new as.
  if (anchor == nullptr) return {};
  STRONGROOM_CHECKED(settle_counter());
  if (generation != 0) return counter == nullptr ? Status() : anchor_newest();
  STRONGROOM_CHECKED(anchor_newest());
  STRONGROOM_CHECKED(store.transact([&] { return keep_generation_in_transaction(1); }));
  generation = 1;
  return anchor_newest();
}

// ------------------------------------------------------------------------------------------------
// accepting an older one

Status Vault::State::accept_rollback() {
  const AnchoredState before = durable_state();
  STRONGROOM_CHECKED(settle_counter());
  TakenAway taken;
  STRONGROOM_CHECKED(record.for_each([&](const audit::Entry& entry) {
    if (const auto* act = std::get_if<audit::Act>(&entry.content); act != nullptr)
      taken.add(*act, entry.time);
    return true;
  }));
  TakenAgain again;
  const std::int64_t next = std::max(generation, in_place ? in_place->generation : 0) + 1;
  STRONGROOM_CHECKED(commit_revocation([&]() -> Status {
    STRONGROOM_CHECKED(take_again_in_transaction(taken, again));
    STRONGROOM_CHECKED(keep_generation_in_transaction(next));
    audit::Act act;
    act.detail = "from " + words_of(before) + " to generation " + std::to_string(next) + ": " +
                 again.words() + witness_words();
    return this->act(Actor::installation("operator"), "rollback.accept", std::move(act));
  }));
  generation = next;
  log(LogLevel::Warning, "rollback_accepted",
      {{"generation", next}, {"revision", before.revision}, {"again", again.words()}});
  (void)store.forget_overwritten();
  return anchored();
}

Status Vault::State::take_again_in_transaction(const TakenAway& taken, TakenAgain& again) {
  STRONGROOM_CHECKED(remove_again_in_transaction(taken, again));
  STRONGROOM_TRY(auto keys, store.list<store::Key>());
  for (auto& key : keys) {
    if (key.state == kRevoked) continue;
    // A value that was rotated away would be back, and the newer one is not here.
    const auto rotated = taken.rotations.find(key.id);
    const bool is_stale = rotated != taken.rotations.end() && rotated->second >= key.version;
    if (!is_stale && !taken.keys.contains(key.id)) continue;
    STRONGROOM_CHECKED(revoke_in_transaction(key));
    ++again.keys;
    if (!taken.keys.contains(key.id)) ++again.rotated;
  }
  STRONGROOM_TRY(auto tokens, store.list<store::Token>({{"state", std::string(kActive)}}));
  for (auto& token : tokens) {
    if (!taken.tokens.contains(token.id.text())) continue;
    token.state = kRevoked;
    STRONGROOM_CHECKED(store.update(token));
    ++again.tokens;
  }
  STRONGROOM_CHECKED(remove_ways_in_again_in_transaction(taken, again));
  STRONGROOM_CHECKED(remove_seals_again_in_transaction(taken, again));
  return end_all_in_transaction(again);
}

Status Vault::State::remove_again_in_transaction(const TakenAway& taken, TakenAgain& again) {
  STRONGROOM_TRY(auto tenants, store.list<store::Tenant>({{"state", std::string(kActive)}}));
  for (auto& tenant : tenants) {
    if (!taken.tenants.contains(tenant.id)) continue;
    const store::Where of_tenant{{"tenant", store::to_value(tenant.id)}};
    STRONGROOM_TRY(auto keys, store.list<store::Key>(of_tenant));
    std::vector<store::Session> none;  // all end anyhow
    STRONGROOM_CHECKED(remove_in_transaction(tenant, none, keys));
    ++again.tenants;
  }
  STRONGROOM_TRY(auto members, store.list<store::Member>({{"state", std::string(kActive)}}));
  for (auto& member : members) {
    if (!taken.members.contains(member.id)) continue;
    member.state = kRemoved;
    STRONGROOM_CHECKED(store.update(member));
    STRONGROOM_CHECKED(revoke_tokens_in_transaction({{"member", store::to_value(member.id)}}));
    STRONGROOM_TRY(auto keys, store.list<store::Key>({{"owner", store::to_value(member.id)}}));
    for (auto& key : keys) STRONGROOM_CHECKED(revoke_in_transaction(key));
    ++again.members;
  }
  return {};
}

Status Vault::State::remove_ways_in_again_in_transaction(const TakenAway& taken,
                                                         TakenAgain& again) {
  STRONGROOM_TRY(const auto passwords, store.list<store::Password>());
  for (const auto& row : passwords) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::Password>({{"member", store::to_value(row.member)}}));
    ++again.passwords;
  }
  STRONGROOM_TRY(const auto passkeys, store.list<store::Passkey>());
  for (const auto& row : passkeys) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::Passkey>({{"id", store::to_value(row.id)}}));
    ++again.passkeys;
  }
  STRONGROOM_TRY(const auto identities, store.list<store::Identity>());
  for (const auto& row : identities) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_CHECKED(erase_identities_in_transaction({{"id", store::to_value(row.id)}}));
    ++again.identities;
  }
  for (const auto& id : taken.providers) {
    STRONGROOM_CHECKED(erase_provisioned_in_transaction({{"provider", id}}));
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::IdentityProvider>({{"id", id}}));
  }
  STRONGROOM_CHECKED(withhold_again_in_transaction(taken, again));
  return take_roles_again_in_transaction(taken, again);
}

/// A token that may have been changed since lets nobody provision: an owner makes another, and the
/// provider then tells of everybody anew.
Status Vault::State::withhold_again_in_transaction(const TakenAway& taken, TakenAgain& again) {
  for (const auto& id : taken.provisionings) {
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::Provisioning>({{"provider", id}}));
  }
  for (const auto& member : taken.withheld) {
    STRONGROOM_TRY(auto user,
                   store.find<store::ProvisionedUser>({{"member", store::to_value(member)}}));
    if (!user || user->withheld != 0) continue;
    user->withheld = 1;
    STRONGROOM_CHECKED(store.update(*user));
    ++again.withheld;
  }
  return {};
}

/// What a provider's groups have taken from somebody since; what they gave, their next sign-in
/// gives again.
Status Vault::State::take_roles_again_in_transaction(const TakenAway& taken, TakenAgain& again) {
  for (const auto& [id, role] : taken.roles) {
    STRONGROOM_TRY(auto member, by_id<store::Member>(id));
    const auto now_is = member ? role_of(member->role) : std::nullopt;
    const auto was = role_of(role);
    if (!now_is || !was || *now_is >= *was) continue;
    member->role = role;
    STRONGROOM_CHECKED(store.update(*member));
    ++again.roles;
  }
  return {};
}

/// The last one stays, whatever the record says: without it nothing would open any more.
Status Vault::State::remove_seals_again_in_transaction(const TakenAway& taken, TakenAgain& again) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  std::size_t left = seals.size();
  for (const auto& seal : seals) {
    if (left == 1 || !taken.seals.contains(seal.id.text())) continue;
    STRONGROOM_TRY([[maybe_unused]] const int removed,
                   store.erase<store::Seal>({{"id", store::to_value(seal.id)}}));
    --left;
    ++again.seals;
  }
  return {};
}

/// Nothing tells which passes and tickets are still somebody's: none is good any more.
Status Vault::State::end_all_in_transaction(TakenAgain& again) {
  STRONGROOM_TRY(auto sessions, store.list<store::Session>({{"state", std::string(kOpen)}}));
  for (auto& session : sessions) {
    STRONGROOM_CHECKED(end_in_transaction(session, "an older database was put back"));
    ++again.sessions;
  }
  STRONGROOM_TRY(auto tickets, store.list<store::Ticket>({{"used", std::int64_t{0}}}));
  for (auto& ticket : tickets) {
    ticket.expires = std::min(ticket.expires, now());
    STRONGROOM_CHECKED(store.update(ticket));
  }
  STRONGROOM_TRY(const auto sign_ins, store.list<store::SignIn>());
  for (const auto& row : sign_ins)
    STRONGROOM_CHECKED(erase_sign_ins_in_transaction({{"id", store::to_value(row.id)}}));
  // Which of them have been used since is not known.
  STRONGROOM_TRY(auto factors, store.list<store::SecondFactor>());
  for (auto& row : factors) {
    row.recovery.clear();
    STRONGROOM_CHECKED(store.update(row));
  }
  STRONGROOM_TRY(const auto invitations, store.list<store::Invitation>());
  for (const auto& row : invitations) {
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::Invitation>({{"id", store::to_value(row.id)}}));
  }
  return {};
}

// ------------------------------------------------------------------------------------------------
// while serving

Status Vault::State::anchor_newest() {
  if (anchor == nullptr) return {};
  const bool is_raised = is_count_wanted();
  AnchoredState newest = durable_state();
  newest.count = count_to_name(is_raised);
  if (!anchor_failure && in_place && newest.count == in_place->count &&
      standing_of(newest, *in_place) == AnchorStanding::Same)
    return {};
  const Status written = anchor->write(anchor_text(store, newest));
  if (!written) {
    if (!anchor_failure) log(LogLevel::Error, "anchor_failed", {{"why", written.error().message}});
    anchor_failure = written.error();
    return written;
  }
  if (anchor_failure) log(LogLevel::Info, "anchor_written_again", {});
  anchor_failure.reset();
  in_place = std::move(newest);
  if (is_raised) begin_count();
  return {};
}

Status Vault::State::may_change() {
  const bool follows = !anchor_failure || anchor_newest();
  if (follows && !counter_failure) return {};
  const Error& why = follows ? *counter_failure : *anchor_failure;
  return fail(why.code, "Nothing is changed while the anchor cannot follow: " + why.message,
              why.reason);
}

Status Vault::State::anchored() {
  if (counter != nullptr) ++counts_asked;
  Status written = anchor_newest();
  if (written) written = record_state();
  if (written) return {};
  return fail(written.error().code,
              "It is done, but an older database put back would not be noticed yet: " +
                  written.error().message + " This is tried again every second.",
              "not_anchored");
}

Status Vault::anchor_newest() {
  return state_->anchor_newest();
}

Status Vault::anchor_health() const {
  if (state_->anchor_failure) return std::unexpected(*state_->anchor_failure);
  if (state_->counter_failure) return std::unexpected(*state_->counter_failure);
  return {};
}

}  // namespace strongroom::vault
