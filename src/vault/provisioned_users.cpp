// Somebody whom a provider provisions: made, changed, switched off, deleted.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/small_letters.h"
#include "base/utf8.h"
#include "vault/provider_actor.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongest = 256;

std::unexpected<Error> unknown_user() {
  return fail(Code::NotFound, "There is no such user.", "provisioned_unknown");
}

Status check(const ProvisionedUserChange& change) {
  if (change.name.empty() || change.name.size() > kLongest || change.external_id.size() > kLongest)
    return fail(Code::Invalid, "userName has 1 to 256 octets, externalId at most 256.",
                "invalidValue");
  if (change.document.size() > kLongestProvisionedDocument)
    return fail(Code::TooLarge, "A user's attributes have at most 16 KiB.");
  return {};
}

std::string words_of(const store::ProvisionedUser& user) {
  return user.id.text() + " " + user.name + (user.active == 0 ? ", switched off" : "");
}

}  // namespace

/// Another provider's is not there.
Result<store::ProvisionedUser> Vault::State::provisioned(const Provisioner& who,
                                                         ProvisionedUserId id) {
  STRONGROOM_TRY(auto user, by_id<store::ProvisionedUser>(id));
  if (!user || user->provider != who.provider) return unknown_user();
  return std::move(*user);
}

Result<ProvisionedUserView> Vault::State::view(const store::ProvisionedUser& user,
                                               bool with_groups) {
  ProvisionedUserView view;
  view.id = user.id;
  view.is_active = user.active != 0;
  if (user.member) {
    STRONGROOM_TRY(const auto member, by_id<store::Member>(*user.member));
    view.is_active = view.is_active && member && member->state == kActive;
  }
  view.document = user.document;
  view.version = user.version;
  view.created = from_micros(user.created);
  view.changed = from_micros(user.changed);
  if (!with_groups) return view;
  STRONGROOM_TRY(const auto memberships,
                 store.list<store::ProvisionedMembership>({{"user", store::to_value(user.id)}}));
  for (const auto& membership : memberships) {
    STRONGROOM_TRY(const auto group, by_id<store::ProvisionedGroup>(membership.group));
    if (group) view.groups.emplace_back(group->id, group->name);
  }
  return view;
}

Result<std::vector<ProvisionedUserView>> Vault::list_provisioned_users(const Provisioner& who,
                                                                       bool with_groups) {
  auto& state = *state_;
  STRONGROOM_TRY(auto users, state.store.list<store::ProvisionedUser>(
                                 {{"provider", store::to_value(who.provider)}}));
  std::ranges::sort(users, {}, &store::ProvisionedUser::name);
  std::vector<ProvisionedUserView> views;
  views.reserve(users.size());
  for (const auto& user : users) {
    STRONGROOM_TRY(auto view, state.view(user, with_groups));
    views.push_back(std::move(view));
  }
  return views;
}

Result<ProvisionedUserView> Vault::show_provisioned_user(const Provisioner& who,
                                                         ProvisionedUserId id) {
  STRONGROOM_TRY(const auto user, state_->provisioned(who, id));
  return state_->view(user, true);
}

Result<std::optional<ProvisionedUserId>> Vault::find_provisioned_user(const Provisioner& who,
                                                                      std::string_view name) {
  STRONGROOM_TRY(const auto user, state_->store.find<store::ProvisionedUser>(
                                      {{"provider", store::to_value(who.provider)},
                                       {"name", in_small_letters(std::string(name))}}));
  return user ? std::optional(user->id) : std::nullopt;
}

/// The row as it is to be stored: that of today, or a new one.
Result<store::ProvisionedUser> Vault::State::changed_user(
    const Provisioner& who, const std::optional<ProvisionedUserId>& id,
    const ProvisionedUserChange& change) {
  STRONGROOM_CHECKED(check(change));
  store::ProvisionedUser user;
  if (id) {
    STRONGROOM_TRY(user, provisioned(who, *id));
    if (change.expected && *change.expected != user.version)
      return fail(Code::Conflict, "It was changed meanwhile.", "version_differs");
    ++user.version;
  } else {
    user.id = crypto::random_id<ProvisionedUserId>();
    user.provider = who.provider;
    user.tenant = who.tenant;
    user.created = now();
  }
  user.changed = now();
  user.name = in_small_letters(change.name);
  user.external_id = change.external_id;
  user.document = change.document;
  return user;
}

Status Vault::State::check_unique(const store::ProvisionedUser& user) {
  for (const auto& [column, value] :
       {std::pair("name", user.name), std::pair("external_id", user.external_id)}) {
    if (value.empty()) continue;
    STRONGROOM_TRY(const auto same,
                   store.find<store::ProvisionedUser>(
                       {{"provider", store::to_value(user.provider)}, {column, value}}));
    if (same && same->id != user.id)
      return fail(Code::Conflict, "There is a user with that userName or externalId already.",
                  "uniqueness");
  }
  return {};
}

/// Inside a transaction; what it is known by at the provider moves with it.
Status Vault::State::put_in_transaction(const store::ProvisionedUser& user, bool is_new,
                                        const std::string& former_external_id) {
  const store::Value provider = store::to_value(user.provider);
  if (is_new) {
    STRONGROOM_TRY(const auto count, store.count<store::ProvisionedUser>({{"provider", provider}}));
    if (static_cast<std::size_t>(count) >= kMostProvisionedUsers)
      return fail(Code::TooLarge, "A provider provisions at most 10000 users.");
    return store.insert(user);
  }
  STRONGROOM_CHECKED(store.update(user));
  if (user.external_id == former_external_id || !user.member) return {};
  STRONGROOM_CHECKED(erase_identities_in_transaction({{"provider", provider},
                                                      {"subject", former_external_id},
                                                      {"member", store::to_value(*user.member)}}));
  if (user.external_id.empty()) return {};
  // Whoever has the token could become anybody by it, and would have what is theirs alone.
  STRONGROOM_TRY(const bool has_some, has_integrations(*user.member));
  if (has_some)
    return fail(Code::Conflict,
                "They have integrations, which would be those of whoever has the new externalId: "
                "revoke them first, or deactivate the user and have them begin anew.",
                "has_integrations");
  STRONGROOM_TRY(const auto taken, store.find<store::Identity>(
                                       {{"provider", provider}, {"subject", user.external_id}}));
  if (taken)
    return fail(Code::Conflict, "Somebody is known here by that externalId already.", "uniqueness");
  return store.insert(store::Identity{crypto::random_id<IdentityId>(), user.provider,
                                      user.external_id, user.tenant, *user.member, now(), 0});
}

Result<std::optional<store::Member>> Vault::State::living_member(
    const store::ProvisionedUser& user) {
  if (!user.member) return std::nullopt;
  STRONGROOM_TRY(auto member, by_id<store::Member>(*user.member));
  if (!member || member->state != kActive) return std::nullopt;
  STRONGROOM_TRY(const bool is_last, is_last_owner(*member));
  if (is_last)
    return fail(Code::Refused,
                "They are the last owner of the tenant, who stays: make somebody else one first.",
                "last_owner");
  return member;
}

/// As by `member remove`; and the account at the provider is nobody's any more, so that whoever is
/// provisioned by it again is somebody new.
io::Task<Result<Receipt>> Vault::State::remove_provisioned_member(store::ProvisionedUser user,
                                                                  store::Member member,
                                                                  std::function<Status()> beside) {
  Belongings what;
  auto tenant = by_id<store::Tenant>(user.tenant);
  if (!tenant) co_return std::unexpected(std::move(tenant).error());
  if (!*tenant) co_return unknown_user();
  what.tenant = std::move(**tenant);
  what.member = std::move(member);
  const Status found = add_belongings(what);
  if (!found) co_return std::unexpected(found.error());
  const store::Where theirs{{"provider", store::to_value(user.provider)},
                            {"member", store::to_value(what.member.id)}};
  std::function<Status()> all = [this, theirs, beside = std::move(beside)]() -> Status {
    STRONGROOM_CHECKED(erase_identities_in_transaction(theirs));
    return beside();
  };
  Actor actor = actor_of(user.provider);
  co_return co_await remove_member(std::move(actor), std::move(what), std::move(all));
}

io::Task<Result<ProvisionedUserId>> Vault::put_provisioned_user(Provisioner who,
                                                                std::optional<ProvisionedUserId> id,
                                                                ProvisionedUserChange change) {
  auto& state = *state_;
  auto changed = state.changed_user(who, id, change);
  if (!changed) co_return std::unexpected(std::move(changed).error());
  store::ProvisionedUser user = std::move(*changed);
  std::string former;
  if (id) {
    const auto before = state.provisioned(who, *id);
    if (!before) co_return std::unexpected(before.error());
    former = before->external_id;
  }
  // Before anything is taken away by what is refused then.
  if (const Status is_free = state.check_unique(user); !is_free)
    co_return std::unexpected(is_free.error());
  const Actor actor = actor_of(who.provider);
  const std::string_view action = id ? "provisioned_user.change" : "provisioned_user.add";
  user.active = change.is_active ? 1 : 0;
  if (!change.is_active) {
    auto member = state.living_member(user);
    if (!member) co_return std::unexpected(std::move(member).error());
    if (*member) {
      const MemberId whose = (*member)->id;
      user.member.reset();
      user.withheld = 0;
      std::function<Status()> beside = [&state, user, former, actor, action, whose]() -> Status {
        STRONGROOM_CHECKED(state.put_in_transaction(user, false, former));
        return state.act(actor, action, about(user.tenant, whose, words_of(user)));
      };
      const auto receipt =
          co_await state.remove_provisioned_member(user, std::move(**member), std::move(beside));
      if (!receipt) co_return std::unexpected(receipt.error());
      co_return user.id;
    }
  }
  Settled settled;
  const Status done = state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.by_id<store::IdentityProvider>(who.provider));
    if (!row) return unknown_user();
    STRONGROOM_CHECKED(state.put_in_transaction(user, !id, former));
    STRONGROOM_CHECKED(state.act(
        actor, action, about(user.tenant, user.member.value_or(MemberId()), words_of(user))));
    return state.settle_in_transaction(*row, user, settled);
  });
  if (!done) co_return std::unexpected(done.error());
  const Status carried = co_await state.carry_through(actor, std::move(settled));
  if (!carried) co_return std::unexpected(carried.error());
  co_return user.id;
}

io::Task<Status> Vault::remove_provisioned_user(Provisioner who, ProvisionedUserId id,
                                                std::optional<std::int64_t> expected) {
  auto& state = *state_;
  auto found = state.provisioned(who, id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const store::ProvisionedUser user = std::move(*found);
  if (expected && *expected != user.version)
    co_return fail(Code::Conflict, "It was changed meanwhile.", "version_differs");
  auto member = state.living_member(user);
  if (!member) co_return std::unexpected(std::move(member).error());
  std::function<Status()> erase = [&state, user, actor = actor_of(who.provider)]() -> Status {
    const store::Value whose = store::to_value(user.id);
    STRONGROOM_TRY([[maybe_unused]] const int memberships,
                   state.store.erase<store::ProvisionedMembership>({{"user", whose}}));
    STRONGROOM_TRY([[maybe_unused]] const int users,
                   state.store.erase<store::ProvisionedUser>({{"id", whose}}));
    return state.act(actor, "provisioned_user.remove",
                     about(user.tenant, user.member.value_or(MemberId()), words_of(user)));
  };
  if (!*member) co_return state.commit_revocation(erase);
  const auto receipt =
      co_await state.remove_provisioned_member(user, std::move(**member), std::move(erase));
  if (!receipt) co_return std::unexpected(receipt.error());
  co_return Status();
}

}  // namespace strongroom::vault
