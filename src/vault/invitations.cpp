// Invitations: the right to give oneself a password, once.
//
// Whoever makes one could use it too. So one that somebody of the tenant made is good only while
// its member has no integrations: an owner who became another member by it would have theirs. And
// its use ends everything that others may have got as that member before.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "crypto/crypto.h"
#include "vault/credentials.h"
#include "vault/sign_in.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

std::unexpected<Error> unknown() {
  return fail(Code::Unauthorized, "This invitation is not good, or not any more: ask for another.",
              "invitation_unknown");
}

}  // namespace

Result<bool> Vault::State::has_integrations(MemberId member) {
  STRONGROOM_TRY(const auto keys, store.list<store::Key>({{"owner", store::to_value(member)}}));
  return std::ranges::any_of(keys, [&](const store::Key& key) { return !is_revoked(key); });
}

Result<IssuedInvitation> Vault::invite(const Actor& actor, std::string_view tenant_name,
                                       std::string_view member_name) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Administer));
  IssuedInvitation issued;
  issued.invitation = make_credential(kInvitationStart);
  store::Invitation row;
  row.id = crypto::random_id<InvitationId>();
  row.hash = kept_hash(issued.invitation);
  row.created = state.now();
  row.expires = row.created + std::chrono::microseconds(kInvitationTime).count();
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, tenant_name));
    STRONGROOM_TRY(const auto member, state.member(tenant, member_name));
    STRONGROOM_CHECKED(need_to_appoint(actor, member.role));
    row.tenant = tenant.id;
    row.member = member.id;
    row.without_integrations = actor.is(member.id) ? 0 : 1;
    STRONGROOM_TRY(const bool has_some, state.has_integrations(member.id));
    if (row.without_integrations != 0 && has_some)
      return fail(Code::Conflict,
                  "'" + member.name +
                      "' has integrations, which would be those of whoever uses "
                      "the link: the operator makes it, or revoke them first.",
                  "has_integrations");
    issued.view = {row.id, tenant.name, member.name, from_micros(row.expires)};
    // The newest alone is good.
    STRONGROOM_TRY([[maybe_unused]] const int earlier,
                   state.store.erase<store::Invitation>({{"member", store::to_value(member.id)}}));
    STRONGROOM_CHECKED(state.store.insert(row));
    return state.act(actor, "member.invite", about(tenant.id, member.id, row.id.text()));
  }));
  return issued;
}

/// Every reason why it is not good reads the same.
Result<store::Invitation> Vault::State::invitation(const crypto::Digest& hash) {
  STRONGROOM_TRY(auto row, store.find<store::Invitation>(
                               {{"invitation_hash", ByteVector(hash.begin(), hash.end())}}));
  if (!row || now() >= row->expires) return unknown();
  STRONGROOM_TRY(const auto tenant, by_id<store::Tenant>(row->tenant));
  STRONGROOM_TRY(const auto member, by_id<store::Member>(row->member));
  if (!tenant || !member || tenant->state != kActive || member->state != kActive) return unknown();
  STRONGROOM_TRY(const bool has_some, has_integrations(row->member));
  if (row->without_integrations != 0 && has_some) return unknown();
  return std::move(*row);
}

Result<std::optional<std::string>> Vault::invite_first_owner() {
  auto& state = *state_;
  STRONGROOM_TRY(const auto tenants, state.store.count<store::Tenant>({}));
  if (tenants > 0) return std::nullopt;
  std::string invitation = make_credential(kFirstOwnerStart);
  state.first_owner = FirstOwner{crypto::sha256(bytes_of(invitation)),
                                 state.now() + std::chrono::microseconds(kInvitationTime).count()};
  return invitation;
}

Result<bool> Vault::State::is_for_first_owner(const crypto::Digest& invitation) {
  if (!first_owner || now() >= first_owner->expires ||
      !equal_constant_time(first_owner->invitation, invitation))
    return false;
  STRONGROOM_TRY(const auto tenants, store.count<store::Tenant>({}));
  return tenants == 0;
}

Result<IssuedSignIn> Vault::State::found_tenant(const crypto::Digest& invitation,
                                                const NewTenant& names, MemberId whom,
                                                const WayIn& way, std::string_view from) {
  IssuedSignIn issued;
  STRONGROOM_CHECKED(commit([&]() -> Status {
    STRONGROOM_TRY(const bool is_good, is_for_first_owner(invitation));
    if (!is_good) return unknown();
    store::Member owner;
    owner.id = whom;
    owner.name = names.owner;
    owner.role = name_of(Role::Owner);
    const Actor actor = Actor::installation("member " + owner.id.text());
    STRONGROOM_TRY(const auto tenant, add_tenant_in_transaction(actor, names.tenant));
    owner.tenant = tenant.id;
    STRONGROOM_CHECKED(add_member_in_transaction(actor, owner));
    STRONGROOM_TRY(const std::string by, way.put(owner));
    STRONGROOM_TRY(issued, make_sign_in(tenant.id, owner.id, from));
    return act(actor, way.action,
               about(tenant.id, owner.id, by.empty() ? "first owner" : by + " first owner"));
  }));
  first_owner.reset();
  return issued;
}

Result<InvitationView> Vault::show_invitation(const crypto::Digest& hash) {
  auto& state = *state_;
  STRONGROOM_TRY(const bool is_first, state.is_for_first_owner(hash));
  if (is_first) return InvitationView{{}, {}, {}, from_micros(state.first_owner->expires)};
  STRONGROOM_TRY(const auto row, state.invitation(hash));
  InvitationView view{row.id, {}, {}, from_micros(row.expires)};
  STRONGROOM_TRY(view.tenant, state.tenant_name(row.tenant));
  STRONGROOM_TRY(view.member, state.member_name(row.member));
  return view;
}

Result<PasswordTask> Vault::begin_password(const crypto::Digest& invitation) {
  STRONGROOM_TRY(const bool is_first, state_->is_for_first_owner(invitation));
  if (is_first) return State::task_of_new_password(crypto::random_id<MemberId>());
  STRONGROOM_TRY(const auto row, state_->invitation(invitation));
  return State::task_of_new_password(row.member);
}

/// Who was this member before is so no longer, however they were.
Status Vault::State::begin_anew_in_transaction(MemberId member) {
  const store::Where theirs{{"member", store::to_value(member)}};
  STRONGROOM_TRY([[maybe_unused]] const int invitations, store.erase<store::Invitation>(theirs));
  STRONGROOM_TRY([[maybe_unused]] const int passwords, store.erase<store::Password>(theirs));
  STRONGROOM_TRY([[maybe_unused]] const int factors, store.erase<store::SecondFactor>(theirs));
  STRONGROOM_TRY([[maybe_unused]] const int passkeys, store.erase<store::Passkey>(theirs));
  STRONGROOM_CHECKED(erase_sign_ins_in_transaction(theirs));
  return revoke_tokens_in_transaction(theirs);
}

Result<IssuedSignIn> Vault::State::take_invitation(const crypto::Digest& invitation, MemberId whom,
                                                   const WayIn& way, std::string_view from) {
  IssuedSignIn issued;
  STRONGROOM_CHECKED(commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, this->invitation(invitation));
    if (row.member != whom) return unknown();
    STRONGROOM_TRY(const auto member, by_id<store::Member>(whom));
    if (!member) return unknown();
    STRONGROOM_CHECKED(begin_anew_in_transaction(whom));
    STRONGROOM_CHECKED(erase_identities_in_transaction({{"member", store::to_value(whom)}}));
    STRONGROOM_TRY(const std::string by, way.put(*member));
    STRONGROOM_TRY(issued, make_sign_in(row.tenant, whom, from));
    return act(Actor::installation("member " + whom.text()), way.action,
               about(row.tenant, whom, by.empty() ? row.id.text() : by + " " + row.id.text()));
  }));
  STRONGROOM_CHECKED(anchoring.anchored());  // the earlier ways in are taken away
  return issued;
}

Result<IssuedSignIn> Vault::use_invitation(const crypto::Digest& invitation, const NewTenant& names,
                                           const PasswordTask& task, const Secret& derived,
                                           std::string_view from) {
  auto& state = *state_;
  if (!task.member) return unknown();
  const State::WayIn way{
      "member.password", [&](const store::Member& member) -> Result<std::string> {
        STRONGROOM_CHECKED(state.put_password_in_transaction(member.id, task, derived));
        return std::string();
      }};
  return names.tenant.empty() ? state.take_invitation(invitation, *task.member, way, from)
                              : state.found_tenant(invitation, names, *task.member, way, from);
}

}  // namespace strongroom::vault
