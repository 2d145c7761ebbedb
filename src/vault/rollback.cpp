// Accepting a database that is older than its anchor, or than the record of use, where an operator
// says so: takes away again what the record says was taken away, ends every session, and begins a
// new generation. (What notices that it is older: anchoring.cpp.) SPDX-License-Identifier:
// Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/log.h"
#include "vault/live_keys.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

/// The first word of a detail: an id.
std::string first_word(const std::string& text) {
  return text.substr(0, text.find(' '));
}

/// What the record of use tells was taken away, ever.
struct TakenAway {
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
struct TakenAgain {
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

}  // namespace

/// One acceptance, while it is under way. All of it is in one transaction.
struct Vault::State::Acceptance {
  State& vault;
  TakenAway taken = {};
  TakenAgain again = {};

  Status apply();
  Status remove_again();
  Status remove_ways_in_again();
  Status withhold_again();
  Status take_roles_again();
  Status remove_seals_again();
  Status end_all();
};

Status Vault::State::load_newest(const LiveKeys& verified, bool accept_older) {
  Status stands = anchoring.check();
  if (stands) stands = load_what_lives(verified);
  if (stands) return anchoring.begin();
  if (!accept_older || !Anchoring::is_older(stands.error())) return stands;
  STRONGROOM_CHECKED(accept_rollback());
  LiveKeys left;
  STRONGROOM_CHECKED(left.read(store));
  return load_what_lives(left);
}

Status Vault::State::accept_rollback() {
  const AnchoredState before = anchoring.durable_state();
  STRONGROOM_CHECKED(anchoring.settle_counter());
  Acceptance acceptance{*this};
  STRONGROOM_CHECKED(record.for_each([&](const audit::Entry& entry) {
    if (const auto* act = std::get_if<audit::Act>(&entry.content); act != nullptr)
      acceptance.taken.add(*act, entry.time);
    return true;
  }));
  const std::int64_t next = anchoring.next_generation();
  STRONGROOM_CHECKED(commit_revocation([&]() -> Status {
    STRONGROOM_CHECKED(acceptance.apply());
    STRONGROOM_CHECKED(anchoring.keep_generation_in_transaction(next));
    audit::Act act;
    act.detail = "from " + words_of(before) + " to generation " + std::to_string(next) + ": " +
                 acceptance.again.words() + anchoring.witness_words();
    return this->act(Actor::installation("operator"), "rollback.accept", std::move(act));
  }));
  anchoring.take_generation(next);
  log(LogLevel::Warning, "rollback_accepted",
      {{"generation", next}, {"revision", before.revision}, {"again", acceptance.again.words()}});
  (void)store.forget_overwritten();
  return anchoring.anchored();
}

Status Vault::State::Acceptance::apply() {
  STRONGROOM_CHECKED(remove_again());
  STRONGROOM_TRY(auto keys, vault.store.list<store::Key>());
  for (auto& key : keys) {
    if (key.state == kRevoked) continue;
    // A value that was rotated away would be back, and the newer one is not here.
    const auto rotated = taken.rotations.find(key.id);
    const bool is_stale = rotated != taken.rotations.end() && rotated->second >= key.version;
    if (!is_stale && !taken.keys.contains(key.id)) continue;
    STRONGROOM_CHECKED(vault.revoke_in_transaction(key));
    ++again.keys;
    if (!taken.keys.contains(key.id)) ++again.rotated;
  }
  STRONGROOM_TRY(auto tokens, vault.store.list<store::Token>({{"state", std::string(kActive)}}));
  for (auto& token : tokens) {
    if (!taken.tokens.contains(token.id.text())) continue;
    token.state = kRevoked;
    STRONGROOM_CHECKED(vault.store.update(token));
    ++again.tokens;
  }
  STRONGROOM_CHECKED(remove_ways_in_again());
  STRONGROOM_CHECKED(remove_seals_again());
  return end_all();
}

Status Vault::State::Acceptance::remove_again() {
  STRONGROOM_TRY(auto tenants, vault.store.list<store::Tenant>({{"state", std::string(kActive)}}));
  for (auto& tenant : tenants) {
    if (!taken.tenants.contains(tenant.id)) continue;
    const store::Where of_tenant{{"tenant", store::to_value(tenant.id)}};
    STRONGROOM_TRY(auto keys, vault.store.list<store::Key>(of_tenant));
    std::vector<store::Session> none;  // all end anyhow
    STRONGROOM_CHECKED(vault.remove_in_transaction(tenant, none, keys));
    ++again.tenants;
  }
  STRONGROOM_TRY(auto members, vault.store.list<store::Member>({{"state", std::string(kActive)}}));
  for (auto& member : members) {
    if (!taken.members.contains(member.id)) continue;
    member.state = kRemoved;
    STRONGROOM_CHECKED(vault.store.update(member));
    STRONGROOM_CHECKED(
        vault.revoke_tokens_in_transaction({{"member", store::to_value(member.id)}}));
    STRONGROOM_TRY(auto keys,
                   vault.store.list<store::Key>({{"owner", store::to_value(member.id)}}));
    for (auto& key : keys) STRONGROOM_CHECKED(vault.revoke_in_transaction(key));
    ++again.members;
  }
  return {};
}

Status Vault::State::Acceptance::remove_ways_in_again() {
  STRONGROOM_TRY(const auto passwords, vault.store.list<store::Password>());
  for (const auto& row : passwords) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   vault.store.erase<store::Password>({{"member", store::to_value(row.member)}}));
    ++again.passwords;
  }
  STRONGROOM_TRY(const auto passkeys, vault.store.list<store::Passkey>());
  for (const auto& row : passkeys) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   vault.store.erase<store::Passkey>({{"id", store::to_value(row.id)}}));
    ++again.passkeys;
  }
  STRONGROOM_TRY(const auto identities, vault.store.list<store::Identity>());
  for (const auto& row : identities) {
    if (!taken.has_later(row)) continue;
    STRONGROOM_CHECKED(vault.erase_identities_in_transaction({{"id", store::to_value(row.id)}}));
    ++again.identities;
  }
  for (const auto& id : taken.providers) {
    STRONGROOM_CHECKED(vault.erase_provisioned_in_transaction({{"provider", id}}));
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   vault.store.erase<store::IdentityProvider>({{"id", id}}));
  }
  STRONGROOM_CHECKED(withhold_again());
  return take_roles_again();
}

/// A token that may have been changed since lets nobody provision: an owner makes another, and the
/// provider then tells of everybody anew.
Status Vault::State::Acceptance::withhold_again() {
  for (const auto& id : taken.provisionings) {
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   vault.store.erase<store::Provisioning>({{"provider", id}}));
  }
  for (const auto& member : taken.withheld) {
    STRONGROOM_TRY(auto user,
                   vault.store.find<store::ProvisionedUser>({{"member", store::to_value(member)}}));
    if (!user || user->withheld != 0) continue;
    user->withheld = 1;
    STRONGROOM_CHECKED(vault.store.update(*user));
    ++again.withheld;
  }
  return {};
}

/// What a provider's groups have taken from somebody since; what they gave, their next sign-in
/// gives again.
Status Vault::State::Acceptance::take_roles_again() {
  for (const auto& [id, role] : taken.roles) {
    STRONGROOM_TRY(auto member, vault.by_id<store::Member>(id));
    const auto now_is = member ? role_of(member->role) : std::nullopt;
    const auto was = role_of(role);
    if (!now_is || !was || *now_is >= *was) continue;
    member->role = role;
    STRONGROOM_CHECKED(vault.store.update(*member));
    ++again.roles;
  }
  return {};
}

/// The last one stays, whatever the record says: without it nothing would open any more.
Status Vault::State::Acceptance::remove_seals_again() {
  STRONGROOM_TRY(const auto seals, vault.store.list<store::Seal>());
  std::size_t left = seals.size();
  for (const auto& seal : seals) {
    if (left == 1 || !taken.seals.contains(seal.id.text())) continue;
    STRONGROOM_TRY([[maybe_unused]] const int removed,
                   vault.store.erase<store::Seal>({{"id", store::to_value(seal.id)}}));
    --left;
    ++again.seals;
  }
  return {};
}

/// Nothing tells which passes and tickets are still somebody's: none is good any more.
Status Vault::State::Acceptance::end_all() {
  STRONGROOM_TRY(auto sessions, vault.store.list<store::Session>({{"state", std::string(kOpen)}}));
  for (auto& session : sessions) {
    STRONGROOM_CHECKED(vault.end_in_transaction(session, "an older database was put back"));
    ++again.sessions;
  }
  STRONGROOM_TRY(auto tickets, vault.store.list<store::Ticket>({{"used", std::int64_t{0}}}));
  for (auto& ticket : tickets) {
    ticket.expires = std::min(ticket.expires, vault.now());
    STRONGROOM_CHECKED(vault.store.update(ticket));
  }
  STRONGROOM_TRY(const auto sign_ins, vault.store.list<store::SignIn>());
  for (const auto& row : sign_ins)
    STRONGROOM_CHECKED(vault.erase_sign_ins_in_transaction({{"id", store::to_value(row.id)}}));
  // Which of them have been used since is not known.
  STRONGROOM_TRY(auto factors, vault.store.list<store::SecondFactor>());
  for (auto& row : factors) {
    row.recovery.clear();
    STRONGROOM_CHECKED(vault.store.update(row));
  }
  STRONGROOM_TRY(const auto invitations, vault.store.list<store::Invitation>());
  for (const auto& row : invitations) {
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   vault.store.erase<store::Invitation>({{"id", store::to_value(row.id)}}));
  }
  return {};
}

}  // namespace strongroom::vault
