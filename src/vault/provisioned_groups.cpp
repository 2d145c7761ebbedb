// Groups that a provider provisions, and who is in them. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/provider_actor.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongest = 256;

std::unexpected<Error> unknown_group() {
  return fail(Code::NotFound, "There is no such group.", "provisioned_unknown");
}

store::Where of_group(ProvisionedGroupId id) {
  return {{"group_id", store::to_value(id)}};
}

Status check(const ProvisionedGroupChange& change) {
  if (change.name.empty() || change.name.size() > kLongest || change.external_id.size() > kLongest)
    return fail(Code::Invalid, "displayName has 1 to 256 octets, externalId at most 256.",
                "invalidValue");
  if (change.members.size() > kMostProvisionedUsers)
    return fail(Code::TooLarge, "A group has at most 10000 members.");
  return {};
}

}  // namespace

Result<store::ProvisionedGroup> Vault::State::provisioned(const Provisioner& who,
                                                          ProvisionedGroupId id) {
  STRONGROOM_TRY(auto group, by_id<store::ProvisionedGroup>(id));
  if (!group || group->provider != who.provider) return unknown_group();
  return std::move(*group);
}

Result<ProvisionedGroupView> Vault::State::view(const store::ProvisionedGroup& group,
                                                bool with_members) {
  ProvisionedGroupView view;
  view.id = group.id;
  view.name = group.name;
  view.external_id = group.external_id;
  if (with_members) {
    STRONGROOM_TRY(const auto members,
                   store.list<store::ProvisionedMembership>(of_group(group.id)));
    for (const auto& each : members) view.members.push_back(each.user);
    std::ranges::sort(view.members);
  }
  view.version = group.version;
  view.created = from_micros(group.created);
  view.changed = from_micros(group.changed);
  return view;
}

Result<std::vector<ProvisionedGroupView>> Vault::list_provisioned_groups(const Provisioner& who,
                                                                         bool with_members) {
  auto& state = *state_;
  STRONGROOM_TRY(auto groups, state.store.list<store::ProvisionedGroup>(
                                  {{"provider", store::to_value(who.provider)}}));
  std::ranges::sort(groups, {}, &store::ProvisionedGroup::name);
  std::vector<ProvisionedGroupView> views;
  for (const auto& group : groups) {
    STRONGROOM_TRY(auto view, state.view(group, with_members));
    views.push_back(std::move(view));
  }
  return views;
}

Result<ProvisionedGroupView> Vault::show_provisioned_group(const Provisioner& who,
                                                           ProvisionedGroupId id) {
  STRONGROOM_TRY(const auto group, state_->provisioned(who, id));
  return state_->view(group, true);
}

/// Inside a transaction. Whoever is in it, or was, has what their groups give them from now on.
Status Vault::State::put_in_transaction(const Provisioner& who, store::ProvisionedGroup& group,
                                        bool is_new, const ProvisionedGroupChange& change,
                                        Settled& settled) {
  STRONGROOM_TRY(const auto row, by_id<store::IdentityProvider>(who.provider));
  if (!row) return unknown_group();
  const store::Value provider = store::to_value(who.provider);
  STRONGROOM_TRY(const auto same, store.find<store::ProvisionedGroup>(
                                      {{"provider", provider}, {"name", change.name}}));
  if (same && same->id != group.id)
    return fail(Code::Conflict, "There is a group with that displayName already.", "uniqueness");
  STRONGROOM_TRY(const auto count, store.count<store::ProvisionedGroup>({{"provider", provider}}));
  if (is_new && static_cast<std::size_t>(count) >= kMostProvisionedGroups)
    return fail(Code::TooLarge, "A provider provisions at most 1000 groups.");
  const bool has_other_roles =
      !is_new && (group.name != change.name || group.external_id != change.external_id);
  group.name = change.name;
  group.external_id = change.external_id;
  STRONGROOM_CHECKED(is_new ? store.insert(group) : store.update(group));

  std::set<ProvisionedUserId> before;
  STRONGROOM_TRY(const auto members, store.list<store::ProvisionedMembership>(of_group(group.id)));
  for (const auto& each : members) before.insert(each.user);
  const std::set<ProvisionedUserId> after(change.members.begin(), change.members.end());
  std::set<ProvisionedUserId> touched;
  for (const auto& user : before) {
    if (after.contains(user)) continue;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::ProvisionedMembership>(
                       {{"group_id", store::to_value(group.id)}, {"user", store::to_value(user)}}));
    touched.insert(user);
  }
  for (const auto& user : after) {
    if (before.contains(user)) continue;
    if (!provisioned(who, user))
      return fail(Code::Invalid, "A member of the group is no user here.", "invalidValue");
    STRONGROOM_CHECKED(store.insert(store::ProvisionedMembership{group.id, user}));
    touched.insert(user);
  }
  if (has_other_roles) touched.insert(after.begin(), after.end());
  STRONGROOM_CHECKED(act(actor_of(who.provider),
                         is_new ? "provisioned_group.add" : "provisioned_group.change",
                         about(group.tenant, MemberId(),
                               group.id.text() + " " + group.name + ", " +
                                   std::to_string(after.size()) + " members")));
  return settle_all_in_transaction(*row, touched, settled);
}

io::Task<Result<ProvisionedGroupId>> Vault::put_provisioned_group(
    Provisioner who, std::optional<ProvisionedGroupId> id, ProvisionedGroupChange change) {
  auto& state = *state_;
  if (const Status is_good = check(change); !is_good) co_return std::unexpected(is_good.error());
  store::ProvisionedGroup group;
  if (id) {
    auto found = state.provisioned(who, *id);
    if (!found) co_return std::unexpected(std::move(found).error());
    group = std::move(*found);
    if (change.expected && *change.expected != group.version)
      co_return fail(Code::Conflict, "It was changed meanwhile.", "version_differs");
    ++group.version;
  } else {
    group.id = crypto::random_id<ProvisionedGroupId>();
    group.provider = who.provider;
    group.tenant = who.tenant;
    group.created = state.now();
  }
  group.changed = state.now();
  Settled settled;
  const Status done =
      state.commit([&] { return state.put_in_transaction(who, group, !id, change, settled); });
  if (!done) co_return std::unexpected(done.error());
  const Status carried = co_await state.carry_through(actor_of(who.provider), std::move(settled));
  if (!carried) co_return std::unexpected(carried.error());
  co_return group.id;
}

io::Task<Status> Vault::remove_provisioned_group(Provisioner who, ProvisionedGroupId id,
                                                 std::optional<std::int64_t> expected) {
  auto& state = *state_;
  Settled settled;
  const Status done = state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto group, state.provisioned(who, id));
    STRONGROOM_TRY(const auto row, state.by_id<store::IdentityProvider>(who.provider));
    if (!row) return unknown_group();
    if (expected && *expected != group.version)
      return fail(Code::Conflict, "It was changed meanwhile.", "version_differs");
    STRONGROOM_TRY(const auto members,
                   state.store.list<store::ProvisionedMembership>(of_group(id)));
    std::set<ProvisionedUserId> touched;
    for (const auto& each : members) touched.insert(each.user);
    STRONGROOM_TRY([[maybe_unused]] const int memberships,
                   state.store.erase<store::ProvisionedMembership>(of_group(id)));
    STRONGROOM_TRY([[maybe_unused]] const int groups,
                   state.store.erase<store::ProvisionedGroup>({{"id", store::to_value(id)}}));
    STRONGROOM_CHECKED(state.act(actor_of(who.provider), "provisioned_group.remove",
                                 about(group.tenant, MemberId(), id.text() + " " + group.name)));
    return state.settle_all_in_transaction(*row, touched, settled);
  });
  if (!done) co_return std::unexpected(done.error());
  co_return co_await state.carry_through(actor_of(who.provider), std::move(settled));
}

}  // namespace strongroom::vault
