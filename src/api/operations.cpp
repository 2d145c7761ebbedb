// SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"

#include <array>

namespace strongroom::api {
namespace {

using vault::Right;

constexpr std::array kAnyTenant = {
    Member{"tenant", Kind::Text, Need::Optional, "Only this tenant's"}};
constexpr std::array kEventQuery = {
    Member{"tenant", Kind::Text, Need::Optional, "Only this tenant's"},
    Member{"keys", Kind::Text, Need::Optional, "yes: of keys, too, how they do from now on",
           "yes"}};
constexpr std::array kOneTenant = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"}};
constexpr std::array kPolicyPlace = {
    Member{"service", Kind::Text, Need::Optional, "The tenant's keys of this service"},
    Member{"key", Kind::Text, Need::Optional, "This key alone"}};
constexpr std::array kAuditQuery = {
    Member{"tenant", Kind::Text, Need::Optional, "Name or id"},
    Member{"member", Kind::Text, Need::Optional, "Id, or name together with tenant"},
    Member{"key", Kind::Text, Need::Optional, "Id"},
    Member{"session", Kind::Text, Need::Optional, "Id"},
    Member{"kind", Kind::Text, Need::Optional, "Only these; finding: what a person should look at",
           "use|change|finding"},
    Member{"service", Kind::Text, Need::Optional, "Id of a service"},
    Member{"finding", Kind::Text, Need::Optional, "Only findings of this code"},
    Member{"since", Kind::Text, Need::Optional,
           "Only entries from this time on: RFC 3339, or a day"},
    Member{"until", Kind::Text, Need::Optional, "Only entries before this time"},
    Member{"before", Kind::Integer, Need::Optional,
           "Only entries before this sequence: the id of the last one seen"},
    Member{"limit", Kind::Integer, Need::Optional,
           "At most this many, 1 to 10000; 100 when missing"}};

constexpr std::array kSessionQuery = {
    Member{"tenant", Kind::Text, Need::Optional, "Only this tenant's"},
    Member{"state", Kind::Text, Need::Optional, "Only these", "open|ended"},
    Member{"label", Kind::Text, Need::Optional, "NAME=VALUE, or several with commas: all of them"},
    Member{"before", Kind::Text, Need::Optional,
           "Only those that follow this one in the list: the id of the last one seen"},
    Member{"limit", Kind::Integer, Need::Optional,
           "At most this many, 1 to 1000; 1000 if missing"}};

// clang-format off
constexpr auto kOperations = std::to_array<Operation>({
    {"installation.show", "GET", "/api/v1/installation", "What this installation is",
     {}, {}, Shape::One, "Installation", 200, Right::Look, show_installation},
    {"installation.inspect", "POST", "/api/v1/installation/inspect",
     "Look at every row that is stored: the file, each row's authentication, and the whole",
     {}, "Empty", Shape::One, "Inspection", 200, Right::Operate, nullptr, inspect_installation},
    {"access.show", "GET", "/api/v1/access", "Who you are here, and what you may do",
     {}, {}, Shape::One, "Access", 200, Right::Look, show_access},
    {"openapi.show", "GET", "/api/v1/openapi.json", "This description",
     {}, {}, Shape::One, "", 200, Right::Look, show_openapi},

    {"tenant.list", "GET", "/api/v1/tenants", "All tenants",
     {}, {}, Shape::List, "Tenant", 200, Right::Look, list_tenants},
    {"tenant.add", "POST", "/api/v1/tenants", "Add a tenant",
     {}, "NewTenant", Shape::One, "Tenant", 201, Right::Operate, add_tenant},
    {"tenant.remove", "DELETE", "/api/v1/tenants/{name}",
     "End its sessions, revoke its keys, destroy its tenant key",
     {}, {}, Shape::One, "Receipt", 200, Right::Operate, nullptr, remove_tenant},
    {"tenant.checks", "POST", "/api/v1/tenants/{name}/checks",
     "Whether the providers of all its keys are asked now and then",
     {}, "ChecksSwitch", Shape::One, "Tenant", 200, Right::Administer, switch_tenant_checks},
    {"tenant.scan", "POST", "/api/v1/tenants/{name}/scan",
     "Search what follows for values of the tenant's keys (Upgrade: strongroom-scan/1)",
     {}, {}, Shape::Switch, "", 101, Right::Operate, scan_for_keys},
    {"tenant.rewrap", "POST", "/api/v1/tenants/{name}/rewrap",
     "Seal all its records anew under a new tenant key and epoch, while serving; answers at once",
     {}, "NewRewrap", Shape::One, "Rewrap", 202, Right::Operate, start_rewrap},
    {"tenant.rewrap.show", "GET", "/api/v1/tenants/{name}/rewrap",
     "How far its last rewrap since the start is, or what it achieved",
     {}, {}, Shape::One, "Rewrap", 200, Right::Operate, show_rewrap},
    {"tenant.shred", "POST", "/api/v1/tenants/{name}/shred",
     "A new root key, and a rewrap that ends with a receipt of R4 for all that was revoked before; answers at once",
     {}, "NewShred", Shape::One, "Rewrap", 202, Right::Operate, start_shred},
    {"root.rotate", "POST", "/api/v1/root/rotate",
     "A new root key, with new keys of all seals; older copies of the database open no more",
     {}, "NewRootKey", Shape::One, "RootRotation", 200, Right::Operate, rotate_root},

    {"member.list", "GET", "/api/v1/members", "Members",
     kAnyTenant, {}, Shape::List, "Member", 200, Right::Look, list_members},
    {"member.add", "POST", "/api/v1/members", "Add a member",
     {}, "NewMember", Shape::One, "Member", 201, Right::Administer, add_member},
    {"member.remove", "DELETE", "/api/v1/members/{name}",
     "End the member's sessions and revoke the member's integrations",
     kOneTenant, {}, Shape::One, "Receipt", 200, Right::Administer, nullptr, remove_member},

    {"service.list", "GET", "/api/v1/services", "The catalogue",
     {}, {}, Shape::List, "Service", 200, Right::Look, list_services},
    {"service.check", "POST", "/api/v1/services/check",
     "Whether the server would start with a service as it is written; nothing of it is kept",
     {}, "ServiceDefinition", Shape::One, "CheckedService", 200, Right::Administer, nullptr, check_service},

    {"key.list", "GET", "/api/v1/keys", "Stored keys, without their values",
     kAnyTenant, {}, Shape::List, "Key", 200, Right::Look, list_keys},
    {"key.add", "POST", "/api/v1/keys", "Store a key",
     {}, "NewKey", Shape::One, "Key", 201, Right::Look, add_key},
    {"key.show", "GET", "/api/v1/keys/{id}", "One key, without its value",
     {}, {}, Shape::One, "Key", 200, Right::Look, show_key},
    {"key.rotate", "POST", "/api/v1/keys/{id}/rotate", "Put a new version in, without a gap",
     {}, "NewValue", Shape::One, "Key", 200, Right::Look, rotate_key},
    {"key.check", "POST", "/api/v1/keys/{id}/check", "Ask the provider whether it accepts the key",
     {}, "Empty", Shape::One, "Check", 200, Right::Look, nullptr, check_key},
    {"key.checks", "POST", "/api/v1/keys/{id}/checks",
     "Whether the provider is asked now and then",
     {}, "ChecksSwitch", Shape::One, "Key", 200, Right::Look, switch_key_checks},
    {"key.revoke", "POST", "/api/v1/keys/{id}/revoke",
     "Switch the key off everywhere; answers when that is so",
     {}, "Empty", Shape::One, "Receipt", 200, Right::Look, nullptr, revoke_key},

    {"oauth.client.list", "GET", "/api/v1/oauth/clients", "Where members can log in",
     {}, {}, Shape::List, "OAuthClient", 200, Right::Look, list_oauth_clients},
    {"oauth.client.set", "POST", "/api/v1/oauth/clients",
     "Who this installation is at a service's authorization server",
     {}, "NewOAuthClient", Shape::One, "OAuthClient", 200, Right::Operate, set_oauth_client},
    {"oauth.client.remove", "DELETE", "/api/v1/oauth/clients/{name}",
     "Nobody logs in there any more; refused while there are logins",
     {}, {}, Shape::Nothing, "", 204, Right::Operate, remove_oauth_client},
    {"login.begin", "POST", "/api/v1/oauth/logins",
     "Begin a member's login at a service: where a person goes",
     {}, "NewLogin", Shape::One, "Login", 201, Right::Look, begin_login},
    {"login.finish", "POST", "/api/v1/oauth/logins/finish",
     "What the browser has brought back; good once, for who began the login",
     {}, "LoginAnswer", Shape::One, "Login", 200, Right::Look, finish_login},
    {"login.poll", "POST", "/api/v1/oauth/logins/{id}/poll",
     "How far a device's login is; the provider is asked when it is time",
     {}, "Empty", Shape::One, "Login", 200, Right::Look, poll_login},

    {"skill.list", "GET", "/api/v1/skills", "Skills",
     kAnyTenant, {}, Shape::List, "Skill", 200, Right::Look, list_skills},
    {"skill.add", "POST", "/api/v1/skills", "Name what an AI capability needs",
     {}, "NewSkill", Shape::One, "Skill", 201, Right::Administer, add_skill},
    {"skill.remove", "DELETE", "/api/v1/skills/{name}", "Forget a skill; running sessions go on",
     kOneTenant, {}, Shape::Nothing, "", 204, Right::Administer, remove_skill},

    {"policy.list", "GET", "/api/v1/policies", "What keys may be used for, and how much",
     kAnyTenant, {}, Shape::List, "Policy", 200, Right::Look, list_policies},
    {"policy.set", "POST", "/api/v1/policies",
     "Make or change the policy of a tenant, a service or a key; holds once this is answered",
     {}, "PolicyChange", Shape::One, "Policy", 200, Right::Administer, nullptr, set_policy},
    {"policy.show", "GET", "/api/v1/policies/{tenant}",
     "The policy of a tenant, or of its service or key, and what was spent today",
     kPolicyPlace, {}, Shape::One, "Policy", 200, Right::Look, show_policy},
    {"policy.remove", "DELETE", "/api/v1/policies/{tenant}", "Lift a policy",
     kPolicyPlace, {}, Shape::Nothing, "", 204, Right::Administer, nullptr, remove_policy},

    {"session.events", "GET", "/api/v1/sessions/events",
     "What happens in sessions from now on, as a stream; goes on after Last-Event-ID",
     kEventQuery, {}, Shape::Events, "SessionEvent", 200, Right::Look, follow_sessions},
    {"session.events.one", "GET", "/api/v1/sessions/{id}/events",
     "What happens in one session, from its start to its end, as a stream",
     {}, {}, Shape::Events, "SessionEvent", 200, Right::Look, follow_session},
    {"session.list", "GET", "/api/v1/sessions", "Sessions, newest first",
     kSessionQuery, {}, Shape::List, "Session", 200, Right::Look, list_sessions},
    {"session.start", "POST", "/api/v1/sessions",
     "Start a session; the only time its passes are seen",
     {}, "NewSession", Shape::One, "StartedSession", 201, Right::RunSessions, nullptr, start_session},
    {"ticket.list", "GET", "/api/v1/tickets", "Tickets, newest first; used and expired ones for an hour",
     kAnyTenant, {}, Shape::List, "Ticket", 200, Right::Look, list_tickets},
    {"ticket.issue", "POST", "/api/v1/tickets",
     "Make a ticket: the right to start one session, once, within a short time",
     {}, "NewTicket", Shape::One, "Ticket", 201, Right::RunSessions, issue_ticket},
    {"ticket.use", "POST", "/api/v1/tickets/use",
     "Start the session that a ticket is for; the ticket itself is the bearer's credential",
     {}, "UseTicket", Shape::One, "StartedSession", 201, Right::Operate, nullptr, use_ticket, Access::Ticket},
    {"session.show", "GET", "/api/v1/sessions/{id}", "One session",
     {}, {}, Shape::One, "Session", 200, Right::Look, show_session},
    {"session.end", "POST", "/api/v1/sessions/{id}/end",
     "End it: passes dead, connections closed, processes ended",
     {}, "EndSession", Shape::One, "Receipt", 200, Right::Look, nullptr, end_session},
    {"session.report", "POST", "/api/v1/sessions/{id}/report",
     "A supervisor tells what became of the processes of a dead runner, by a credential for this alone",
     {}, "EndReport", Shape::One, "Receipt", 200, Right::Operate, nullptr, report_end, Access::Ticket},
    {"session.attach", "POST", "/api/v1/sessions/{id}/attach",
     "A runner's lease channel (Upgrade: strongroom-lease/1)",
     {}, {}, Shape::Switch, "", 101, Right::Operate, attach_runner, nullptr, Access::Runner},

    {"sign_in.list", "GET", "/api/v1/sign-ins", "Browsers in which somebody is signed in, newest first",
     kAnyTenant, {}, Shape::List, "SignIn", 200, Right::Look, list_sign_ins},
    {"sign_in.start", "POST", "/api/v1/sign-in", "Sign in with a password; the answer sets a cookie",
     {}, "NewSignIn", Shape::One, "StartedSignIn", 201, Right::Operate, sign_in, nullptr, Access::Ticket},
    {"sign_in.end", "POST", "/api/v1/sign-out", "Sign out of this browser; where it came by a provider that can be told, where the browser goes then",
     {}, {}, Shape::One, "SignedOut", 200, Right::Look, sign_out},
    {"sign_in.confirm", "POST", "/api/v1/sign-in/confirmation",
     "Show again that it is you, by your password or a code: what adds ways to come in is allowed for 5 minutes",
     {}, "Confirmation", Shape::Nothing, "", 204, Right::Look, confirm_sign_in},
    {"sign_in.confirm.begin", "POST", "/api/v1/sign-in/confirmation/passkey/request", "The same: what a browser is to sign with a passkey of yours",
     {}, {}, Shape::One, "PasskeyChallenge", 201, Right::Look, begin_passkey_confirmation},
    {"sign_in.confirm.passkey", "POST", "/api/v1/sign-in/confirmation/passkey", "The same, by what it has signed",
     {}, "PasskeyAssertion", Shape::Nothing, "", 204, Right::Look, confirm_by_passkey},
    {"sign_in.end.one", "DELETE", "/api/v1/sign-ins/{id}", "Sign a browser out",
     {}, {}, Shape::Nothing, "", 204, Right::Look, end_sign_in},
    {"password.change", "POST", "/api/v1/password",
     "Change your own password, as who has signed in; ends your other sign-ins, and begins a new one here",
     {}, "ChangedPassword", Shape::One, "StartedSignIn", 201, Right::Look, change_password},
    {"second_factor.show", "GET", "/api/v1/second-factor", "Your second factor, as who has signed in",
     {}, {}, Shape::One, "SecondFactor", 200, Right::Look, show_second_factor},
    {"second_factor.begin", "POST", "/api/v1/second-factor",
     "A new second factor, not asked for before it is confirmed; the only time its secret is seen",
     {}, {}, Shape::One, "NewSecondFactor", 201, Right::Look, begin_second_factor},
    {"second_factor.confirm", "POST", "/api/v1/second-factor/confirm",
     "Have it asked for from now on, by its first code; the only time the recovery codes are seen",
     {}, "Code", Shape::One, "RecoveryCodes", 200, Right::Look, confirm_second_factor},
    {"second_factor.remove", "POST", "/api/v1/second-factor/remove", "Have it asked for no more, by a code or a recovery code",
     {}, "Code", Shape::Nothing, "", 204, Right::Look, remove_second_factor},
    {"passkey.list", "GET", "/api/v1/passkeys", "Your passkeys",
     {}, {}, Shape::List, "Passkey", 200, Right::Look, list_passkeys},
    {"passkey.begin", "POST", "/api/v1/passkeys/request", "What a browser is to make a passkey of yours with, as who has signed in",
     {}, {}, Shape::One, "PasskeyRequest", 201, Right::Look, begin_passkey},
    {"passkey.add", "POST", "/api/v1/passkeys", "A passkey that this browser has made as it was asked to",
     {}, "NewPasskey", Shape::One, "Passkey", 201, Right::Look, add_passkey},
    {"passkey.remove", "DELETE", "/api/v1/passkeys/{id}", "Nobody signs in with it from now on",
     {}, {}, Shape::Nothing, "", 204, Right::Look, remove_passkey},
    {"sign_in.begin", "POST", "/api/v1/sign-in/passkey/request", "What a browser is to sign with a passkey; the answer sets a cookie",
     {}, {}, Shape::One, "PasskeyChallenge", 201, Right::Operate, begin_passkey_sign_in, nullptr, Access::Ticket},
    {"sign_in.passkey", "POST", "/api/v1/sign-in/passkey", "Sign in with a passkey, which is both factors; the answer sets a cookie",
     {}, "PasskeyAssertion", Shape::One, "StartedSignIn", 201, Right::Operate, sign_in_by_passkey, nullptr, Access::Ticket},
    {"sign_in.provider.begin", "POST", "/api/v1/sign-in/provider/request",
     "Where a browser goes to sign in through a tenant's identity provider; the answer sets a cookie",
     {}, "WantedProvider", Shape::One, "ProviderPage", 201, Right::Operate, begin_provider_sign_in, nullptr, Access::Ticket},
    {"sign_in.provider", "POST", "/api/v1/sign-in/provider",
     "What the browser has brought back from there, good once; the answer sets a cookie",
     {}, "ProviderAnswer", Shape::One, "StartedSignIn", 201, Right::Operate, sign_in_by_provider, nullptr, Access::Ticket},
    {"sign_in.provider.end", "POST", "/api/v1/sign-in/provider/logout/{tenant}/{provider}",
     "A provider tells whom it has signed out (OpenID Connect Back-Channel Logout): their sign-ins by it end",
     {}, "LogoutToken", Shape::Nothing, "", 200, Right::Operate, log_out_by_provider, nullptr, Access::Ticket, true},
    {"identity_provider.list", "GET", "/api/v1/identity-providers", "Who people of the tenant sign in through",
     kAnyTenant, {}, Shape::List, "IdentityProvider", 200, Right::AppointOwners, list_identity_providers},
    {"identity_provider.set", "POST", "/api/v1/identity-providers",
     "Let people of the tenant sign in through an identity provider (OpenID Connect); its issuer is asked for its endpoints",
     {}, "NewIdentityProvider", Shape::One, "IdentityProvider", 200, Right::AppointOwners, set_identity_provider},
    {"identity_provider.check", "POST", "/api/v1/identity-providers/{name}/check",
     "Ask its issuer for its endpoints again",
     kOneTenant, "Empty", Shape::One, "IdentityProvider", 200, Right::AppointOwners, check_identity_provider},
    {"identity_provider.remove", "DELETE", "/api/v1/identity-providers/{name}",
     "Nobody signs in through it any more, and nobody is known by it; members stay",
     kOneTenant, {}, Shape::Nothing, "", 204, Right::AppointOwners, remove_identity_provider},
    {"provisioning.begin", "POST", "/api/v1/identity-providers/{name}/provisioning",
     "Let it keep people and groups up to date here (SCIM 2.0), or change its token; the only time that is seen",
     kOneTenant, "Empty", Shape::One, "Provisioning", 201, Right::AppointOwners, begin_provisioning},
    {"provisioning.end", "DELETE", "/api/v1/identity-providers/{name}/provisioning",
     "It does so no more; whoever is a member stays one",
     kOneTenant, {}, Shape::Nothing, "", 204, Right::AppointOwners, end_provisioning},
    {"identity.list", "GET", "/api/v1/identities", "By which accounts at identity providers members are known",
     kAnyTenant, {}, Shape::List, "Identity", 200, Right::Look, list_identities},
    {"identity.begin", "POST", "/api/v1/identities/request",
     "Where your browser goes to be known by your account there, as who has signed in",
     {}, "WantedIdentity", Shape::One, "ProviderPage", 201, Right::Look, begin_identity},
    {"identity.add", "POST", "/api/v1/identities", "What the browser has brought back from there, good once",
     {}, "IdentityAnswer", Shape::One, "Identity", 201, Right::Look, add_identity},
    {"identity.remove", "DELETE", "/api/v1/identities/{id}",
     "Nobody is known by that account; who was removed is let in by it again as somebody new",
     {}, {}, Shape::Nothing, "", 204, Right::Look, remove_identity},
    {"invitation.begin", "POST", "/api/v1/invitations/passkey/request",
     "What a browser is to make a passkey with, for whom an invitation is; it is the bearer's credential",
     {}, {}, Shape::One, "PasskeyRequest", 201, Right::Operate, begin_invited_passkey, nullptr, Access::Ticket},
    {"invitation.passkey", "POST", "/api/v1/invitations/passkey",
     "Come in by a passkey of one's own, and be signed in; the invitation is the bearer's credential",
     {}, "InvitedPasskey", Shape::One, "StartedSignIn", 201, Right::Operate, use_invitation_by_passkey, nullptr, Access::Ticket},
    {"member.invite", "POST", "/api/v1/invitations",
     "Make the link by which a member gets a password, once; the only time it is seen",
     {}, "NewInvitation", Shape::One, "AddedInvitation", 201, Right::Administer, invite_member},
    {"invitation.show", "GET", "/api/v1/invitations/mine", "Whom an invitation is for; it is the bearer's credential",
     {}, {}, Shape::One, "Invitation", 200, Right::Operate, show_invitation, nullptr, Access::Ticket},
    {"invitation.use", "POST", "/api/v1/invitations/use",
     "Give oneself a password and be signed in; the invitation is the bearer's credential",
     {}, "NewPassword", Shape::One, "StartedSignIn", 201, Right::Operate, use_invitation, nullptr, Access::Ticket},

    {"token.list", "GET", "/api/v1/tokens", "What programs call this with, newest first",
     kAnyTenant, {}, Shape::List, "Token", 200, Right::Look, list_tokens},
    {"token.add", "POST", "/api/v1/tokens", "Make a token; the only time it is seen",
     {}, "NewToken", Shape::One, "AddedToken", 201, Right::Look, add_token},
    {"token.revoke", "DELETE", "/api/v1/tokens/{id}", "Nobody calls with it from now on",
     {}, {}, Shape::Nothing, "", 204, Right::Look, revoke_token},

    {"seal.list", "GET", "/api/v1/seals", "What protects the root key; any one of them opens",
     {}, {}, Shape::List, "Seal", 200, Right::Look, list_seals},
    {"seal.add", "POST", "/api/v1/seals", "Add a seal; the only time its shares are seen",
     {}, "NewSeal", Shape::One, "AddedSeal", 201, Right::Operate, add_seal},
    {"seal.remove", "DELETE", "/api/v1/seals/{id}", "Remove a seal; refused for the only one",
     {}, {}, Shape::Nothing, "", 204, Right::Operate, remove_seal},
    {"seal.prepare", "POST", "/api/v1/seals/{id}/prepare",
     "Choose, or have made, what a seal opens by after the next rotation of the root key", {},
     "SealRenewal", Shape::Nothing, "", 204, Right::Operate, prepare_seal},
    {"backup.make", "POST", "/api/v1/backups",
     "The database as it is at one moment, sealed, in what follows (Upgrade: strongroom-backup/1)",
     {}, {}, Shape::Switch, "", 101, Right::Operate, make_backup},
    {"seal.open", "POST", "/api/v1/unseal", "Bring a sealed server what opens it",
     {}, "Unseal", Shape::One, "SealState", 200, Right::Operate, unseal},

    {"receipt.list", "GET", "/api/v1/receipts", "Receipts, newest first",
     {}, {}, Shape::List, "ReceiptRow", 200, Right::SeeAll, list_receipts},
    {"receipt.show", "GET", "/api/v1/receipts/{id}", "One signed receipt",
     {}, {}, Shape::One, "Receipt", 200, Right::SeeAll, show_receipt},

    {"audit.list", "GET", "/api/v1/audit", "The record of use, newest first",
     kAuditQuery, {}, Shape::List, "Entry", 200, Right::Look, nullptr, list_audit},
    {"audit.verify", "POST", "/api/v1/audit/verify", "Check the whole chain and its signatures",
     {}, "Empty", Shape::One, "Verified", 200, Right::SeeAll, nullptr, verify_audit},
    {"audit.view", "POST", "/api/v1/audit/view", "A tenant's entries with a proof that they are in the record and that none is missing; is recorded itself",
     kOneTenant, "Empty", Shape::One, "RecordView", 200, Right::SeeAll, nullptr, view_audit},
    {"sink.list", "GET", "/api/v1/audit/sinks", "Where the record goes besides the disk, and how far each sink has got",
     {}, {}, Shape::List, "Sink", 200, Right::Operate, list_sinks},
});
// clang-format on

}  // namespace

std::span<const Operation> operations() {
  return kOperations;
}

std::string Call::parameter(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

std::string Call::text(std::string_view name) const {
  return body.is_object() ? optional_string(body.get_object(), name).value_or("") : std::string();
}

std::vector<std::string> Call::texts(std::string_view name) const {
  std::vector<std::string> out;
  const auto* list =
      body.is_object() ? body.get_object().if_contains(json::string_view(name)) : nullptr;
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array())
    if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

vault::Settings Call::settings(std::string_view name) const {
  vault::Settings out;
  const auto* map =
      body.is_object() ? body.get_object().if_contains(json::string_view(name)) : nullptr;
  if (map == nullptr || !map->is_object()) return out;
  for (const auto& item : map->get_object())
    if (item.value().is_string())
      out.emplace_back(std::string(item.key()), std::string(item.value().get_string()));
  return out;
}

}  // namespace strongroom::api
