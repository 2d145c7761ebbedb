// Vault: the rules. What may be stored, who may use it, what a revoke means.
//
// Used by: lease (grants), api (everything people ask), app (wiring). Threads: the vault's loop.
// Every change is one durable transaction and one durable act in the record before the answer.
// Fails: Result; nothing is half done. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/catalog.h"
#include "dynamic/job.h"
#include "io/task.h"
#include "store/store.h"
#include "vault/activity.h"
#include "vault/actor.h"
#include "vault/fences.h"
#include "vault/health.h"
#include "vault/identity.h"
#include "vault/issuing.h"
#include "vault/oauth.h"
#include "vault/opened_key.h"
#include "vault/passkeys.h"
#include "vault/policies.h"
#include "vault/provisioning.h"
#include "vault/receipt.h"
#include "vault/rewrap_view.h"
#include "vault/seal_views.h"
#include "vault/sealing.h"
#include "vault/second_factor.h"
#include "vault/session_events.h"
#include "vault/session_views.h"
#include "vault/sign_in.h"
#include "vault/spending.h"
#include "vault/tickets.h"
#include "vault/tokens.h"
#include "vault/views.h"

namespace strongroom::vault {

class AnchorCounter;
class AnchorPlace;
struct WitnessWord;
class Backup;
struct BackupPlan;

/// What an answer that a browser has brought is to be changed for tokens by.
struct LoginJob {
  std::string login;
  dynamic::Job job;
};

class Vault {
 public:
  struct Parts {
    const Clock& clock;
    store::Store& store;
    const catalog::Catalog& catalog;
    audit::Log& record;
    Secret root_key;  ///< opened by a seal (vault/seal.h)
    std::chrono::milliseconds grace{
        2000};  ///< TERM to KILL for processes that hold an injected key
    /// A credential whose making was cut short may appear at its source until then.
    std::chrono::seconds making{60};
    std::string seal_file = {};            ///< of the file seal that names none
    AnchorPlace* anchor = nullptr;         ///< outlives the vault; none: rollback is not noticed
    bool accept_rollback = false;          ///< of a database that is older than its anchor
    AnchorCounter* counter = nullptr;      ///< that the anchor names; outlives the vault
    const WitnessWord* witness = nullptr;  ///< of one that the record's newest state is asked of
  };
  /// Verifies all rows; makes what a new installation lacks (signing key, link key). Tampered /
  /// Sealed with a sentence that says so; "database_older" where an older one was put back.
  static Result<std::unique_ptr<Vault>> open(Parts parts);
  ~Vault();
  /// Before sessions are served.
  void set_fences(HolderFences& fences);
  void set_issuing(Issuing& issuing);

  // Tenants and members
  Result<TenantView> add_tenant(const Actor& actor, std::string_view name);
  Result<std::vector<TenantView>> list_tenants(const Actor& actor);
  io::Task<Result<Receipt>> remove_tenant(Actor actor, std::string name);
  Result<MemberView> add_member(const Actor& actor, std::string_view tenant, std::string_view name,
                                std::string_view role);
  /// Empty tenant: all that the actor may see; so for the other lists.
  Result<std::vector<MemberView>> list_members(const Actor& actor, std::string_view tenant);
  /// Ends the member's sessions and revokes their integrations.
  io::Task<Result<Receipt>> remove_member(Actor actor, std::string tenant, std::string name);

  // Rewrap, in steps: vault/rewrap.h takes them
  struct BegunRewrap {
    TenantId tenant;
    bool is_new = false;  ///< false: it was running already
  };
  /// A new tenant key and epoch, unless a rewrap was left unfinished: then that one. `share`: how
  /// much of the time it may take, in hundredths.
  Result<BegunRewrap> begin_rewrap(const Actor& actor, std::string_view tenant, unsigned share);
  /// A few milliseconds of it; false when all is done, and the old seeds are destroyed.
  Result<bool> step_rewrap(TenantId tenant);
  void fail_rewrap(TenantId tenant, const Error& error);
  [[nodiscard]] unsigned rewrap_share(TenantId tenant) const;
  Result<RewrapView> show_rewrap(const Actor& actor,
                                 std::string_view tenant);  ///< the last one since the start
  Result<std::vector<std::string>> unfinished_rewraps();    ///< tenants, by name

  /// A new root key under every seal, with new keys of theirs; a seal by passphrase gets the one
  /// that is given. Refused, with nothing changed, where a seal cannot be renewed.
  Result<RootRotation> rotate_root(const Actor& actor, const Secret& passphrase);
  /// A new root key, and a rewrap that ends with a receipt that claims R4 (shred.cpp). A removed
  /// tenant, by id, has its receipt at once.
  Result<BegunRewrap> begin_shred(const Actor& actor, std::string_view tenant,
                                  const Secret& passphrase, unsigned share);

  // Keys
  Result<KeyView> add_key(const Actor& actor, const NewKey& key, Secret value);
  Result<std::vector<KeyView>> list_keys(const Actor& actor, std::string_view tenant);
  Result<KeyView> show_key(const Actor& actor, KeyId id);
  /// `expires`: of the new version.
  Result<KeyView> rotate_key(const Actor& actor, KeyId id, Secret value,
                             std::optional<WallTime> expires = {});
  io::Task<Result<Receipt>> revoke_key(Actor actor, KeyId id);
  /// What was fenced while the disk would not take it; to be called every now and then.
  Status store_what_is_fenced();
  /// The current version's plaintext for a check by a gateway.
  Result<OpenedKey> open_for_check(const Actor& actor, KeyId id);
  /// What a provider said; changes `active` <-> `rejected_by_provider` for the current version
  /// only.
  Status note_verdict(KeyId id, std::uint32_t version, bool accepted, int provider_status);
  void note_used(KeyId id, WallTime at);
  /// Of all that are not revoked, whoever's they are; recorded before, and its end after.
  Result<SearchedKeys> open_for_scan(const Actor& actor, std::string_view tenant);
  Status note_scanned(const Actor& actor, TenantId tenant, std::string_view outcome);

  // Skills
  Result<SkillView> add_skill(const Actor& actor, std::string_view tenant, std::string_view name,
                              const std::vector<std::string>& services);
  Result<std::vector<SkillView>> list_skills(const Actor& actor, std::string_view tenant);
  Status remove_skill(const Actor& actor, std::string_view tenant, std::string_view name);

  // Sessions
  Result<StartedSession> start_session(const Actor& actor, const SessionRequest& request);
  Result<std::vector<SessionView>> list_sessions(const Actor& actor, const SessionFilter& filter);
  Result<SessionView> show_session(const Actor& actor, SessionId id);
  /// Whose it is; none where that cannot be read.
  [[nodiscard]] TenantId tenant_of(SessionId id) const;
  /// Fences the session at every holder; `why`: "finished", "ended by operator", "time limit",
  /// "runner lost".
  io::Task<Result<Receipt>> end_session(Actor actor, SessionId id, std::string why);
  /// What the supervisor of a dead runner has found (supervised_end.cpp): ends the session where it
  /// is open, or completes the receipt of its end. Unavailable while that end is being carried
  /// through.
  io::Task<Result<Receipt>> settle_supervised(SessionId id, EndReport report);
  /// With which a supervisor tells that, and nothing else.
  [[nodiscard]] std::string report_credential(SessionId id) const;
  /// Unauthorized: this SHA-256 is not of the session's credential.
  [[nodiscard]] Status check_report_credential(SessionId id, const crypto::Digest& hash) const;
  /// Sessions past their time; the caller ends each. (Expiry is checked at use as well.)
  Result<std::vector<SessionId>> expired_sessions();
  /// Sessions in which nothing has happened for their idle limit; the caller ends each.
  [[nodiscard]] std::vector<SessionId> idle_sessions() const;
  /// What happens in a session, for its idle limit and its sums (activity.h).
  void note_use(SessionId session, HolderId holder);
  void note_settled(SessionId session, HolderId holder, std::uint64_t bytes_up,
                    std::uint64_t bytes_down);
  void note_active(SessionId session);
  /// Who is told what happens in sessions (session_events.h); one, or none.
  void follow_sessions(SessionFollower follower);
  void note_attached(SessionId session);
  /// It has ended, and that has not been carried through yet: `ended` is still to come.
  [[nodiscard]] bool is_ending(SessionId session) const;
  /// The event `ended` of a session that is over.
  Result<SessionEvent> end_of(const SessionView& view);

  // Tickets (tickets.h)
  Result<IssuedTicket> issue_ticket(const Actor& actor, const SessionRequest& request,
                                    std::chrono::seconds valid);
  /// Newest first; used and expired ones for an hour.
  Result<std::vector<TicketView>> list_tickets(const Actor& actor, std::string_view tenant);
  /// The first use of the ticket with this SHA-256, durably. Reasons: ticket_unknown, ticket_used,
  /// ticket_expired, member_removed.
  Result<ClaimedTicket> claim_ticket(const crypto::Digest& hash);
  Status note_started_with(TicketId ticket, SessionId session);

  // Tokens (tokens.h)
  Result<IssuedToken> add_token(const Actor& actor, const NewToken& wanted);
  Result<std::vector<TokenView>> list_tokens(const Actor& actor, std::string_view tenant);
  Status revoke_token(const Actor& actor, TokenId id);
  /// Who brings the token with this SHA-256. Unauthorized, whatever is wrong with it.
  Result<Actor> actor_of_token(const crypto::Digest& hash);

  // Runners without any other right (runner_credentials.cpp)
  /// May who shows the credential with this SHA-256 attach to that session? Recorded. Reasons:
  /// runner_unknown, runner_elsewhere, runner_attached (there is one), session_ended,
  /// session_expired.
  Status admit_runner(SessionId session, const crypto::Digest& hash);

  // Signing in (sign_in.h). What `derived` is: argon2id() of the password as the task says.
  // Reasons not to: invitation_unknown, sign_in_refused, csrf_refused, has_integrations.
  Result<IssuedInvitation> invite(const Actor& actor, std::string_view tenant,
                                  std::string_view member);
  /// Of an installation in which there has been no tenant yet: an invitation for whoever makes the
  /// first one and is its owner. Good once, until there is a tenant or the server ends.
  Result<std::optional<std::string>> invite_first_owner();
  /// Without names: the first owner's.
  Result<InvitationView> show_invitation(const crypto::Digest& hash);
  Result<PasswordTask> begin_password(const crypto::Digest& invitation);
  /// `names`: the first owner's, otherwise empty.
  Result<IssuedSignIn> use_invitation(const crypto::Digest& invitation, const NewTenant& names,
                                      const PasswordTask& task, const Secret& derived,
                                      std::string_view from);
  Result<PasswordTask> begin_sign_in(std::string_view tenant, std::string_view member);
  /// `code`: of the second factor; may be empty. code_needed and code_wrong beside sign_in_refused.
  Result<IssuedSignIn> finish_sign_in(const PasswordTask& task, const Secret& derived,
                                      const Secret& code, std::string_view from);
  /// One's own, by who has signed in. no_password, sign_in_needed.
  Result<OwnPassword> begin_own_password(const Actor& actor);
  /// Ends every sign-in, the one that asks too, and begins a new one. password_wrong.
  Result<IssuedSignIn> change_password(const SignInHalves& asking, const OwnPassword& change,
                                       const Secret& current, const Secret& next,
                                       std::string_view from);
  /// Wrong passwords, told now and then rather than each.
  void note_refused_sign_ins(const PasswordTask& task, std::string_view from, unsigned times);
  // A second factor of one's own, by who has signed in (second_factor.h). code_wrong.
  Result<SecondFactorView> show_second_factor(const Actor& actor);
  Result<NewSecondFactor> begin_second_factor(const Actor& actor);
  /// From now on it is asked for; the recovery codes, this one time.
  Result<std::vector<std::string>> confirm_second_factor(const Actor& actor, const Secret& code);
  Status remove_second_factor(const Actor& actor, const Secret& code);

  // Passkeys (passkeys.h): one's own, by who has signed in; and as ways in. `browser` is the hash
  // of what one browser alone has: what was asked of it is good from it alone, once, within 5
  // minutes. Reasons not to: passkey_refused, passkey_known, too_many_passkeys, last_way_in; of a
  // sign-in sign_in_refused, whatever is wrong.
  Result<std::vector<PasskeyView>> list_passkeys(const Actor& actor);
  Result<PasskeyRequest> begin_passkey(const Actor& actor, const crypto::Digest& browser);
  Result<PasskeyView> add_passkey(const Actor& actor, const crypto::Digest& browser,
                                  const RelyingParty& party, const NewPasskey& made);
  Status remove_passkey(const Actor& actor, PasskeyId id);
  /// The challenge.
  [[nodiscard]] ByteVector begin_passkey_sign_in(const crypto::Digest& browser);
  Result<IssuedSignIn> sign_in_by_passkey(const crypto::Digest& browser, const RelyingParty& party,
                                          const PasskeyAssertion& answer, std::string_view from);
  Result<PasskeyRequest> begin_invited_passkey(const crypto::Digest& invitation,
                                               const crypto::Digest& browser);
  /// `names`: the first owner's, otherwise empty.
  Result<IssuedSignIn> use_invitation_by_passkey(const crypto::Digest& invitation,
                                                 const NewTenant& names,
                                                 const crypto::Digest& browser,
                                                 const RelyingParty& party, const NewPasskey& made,
                                                 std::string_view from);

  // Sign-in through a tenant's identity provider (identity.h). Reasons not to: provider_unknown,
  // attempt_unknown, login_mixed_up, identity_refused, role_missing, domain_not_allowed,
  // member_removed, identity_taken; code_needed and code_wrong.
  /// Good once its issuer was asked: identity_discovery_of(), note_identity_discovered().
  Result<IdentityProviderView> set_identity_provider(const Actor& actor,
                                                     const NewIdentityProvider& wanted,
                                                     const Secret& secret);
  Result<std::vector<IdentityProviderView>> list_identity_providers(const Actor& actor,
                                                                    std::string_view tenant);
  /// Whoever is known by it is known no more; members stay.
  Status remove_identity_provider(const Actor& actor, std::string_view tenant,
                                  std::string_view name);
  Result<IdentityProviderView> show_identity_provider(const Actor& actor, std::string_view tenant,
                                                      std::string_view name);
  Result<IdentityJob> identity_discovery_of(IdentityProviderId id);
  Status note_identity_discovered(IdentityProviderId id, const dynamic::Outcome& outcome);
  /// Where the browser goes. Reads the same of a tenant that is not there.
  Result<std::string> begin_provider_sign_in(std::string_view tenant, std::string_view provider,
                                             const crypto::Digest& browser,
                                             const std::string& redirect);
  /// Of one's own, by who has signed in.
  Result<std::string> begin_identity(const Actor& actor, std::string_view provider,
                                     const crypto::Digest& browser, const std::string& redirect);
  /// No second answer is looked at. With an actor: what that actor has begun.
  Result<IdentityJob> take_identity(IdentityAnswer answer, const std::string& redirect,
                                    const std::optional<Actor>& actor);
  Result<IssuedSignIn> finish_provider_sign_in(const IdentityAttempt& attempt,
                                               const dynamic::Outcome& outcome,
                                               std::string_view from);
  /// After code_needed: the same state, and the code of the second factor.
  Result<IssuedSignIn> finish_with_code(std::string_view state, const crypto::Digest& browser,
                                        const Secret& code, std::string_view from);
  /// Whom that would be, so that guesses are slowed down; empty: nobody.
  [[nodiscard]] std::string who_owes_a_code(std::string_view state,
                                            const crypto::Digest& browser) const;
  Result<IdentityView> add_identity(const Actor& actor, const IdentityAttempt& attempt,
                                    const dynamic::Outcome& outcome);
  /// One's own, and a tenant's for who sees all.
  Result<std::vector<IdentityView>> list_identities(const Actor& actor, std::string_view tenant);
  /// One's own, or anybody's of the tenant for who administers it. last_way_in.
  Status remove_identity(const Actor& actor, IdentityId id);

  // Provisioning by a tenant's identity provider (provisioning.h). Reasons not to:
  // provisioned_unknown, uniqueness, version_differs, last_owner.
  /// Begins it, or changes the token.
  Result<IssuedProvisioning> begin_provisioning(const Actor& actor, std::string_view tenant,
                                                std::string_view provider);
  /// Who is a member stays one, and who has no access still has none.
  Status end_provisioning(const Actor& actor, std::string_view tenant, std::string_view provider);
  /// Who brings the token with this SHA-256. Unauthorized, whatever is wrong with it.
  Result<Provisioner> provisioner_of(const crypto::Digest& hash);
  /// In the order of their names.
  Result<std::vector<ProvisionedUserView>> list_provisioned_users(const Provisioner& who,
                                                                  bool with_groups);
  Result<ProvisionedUserView> show_provisioned_user(const Provisioner& who, ProvisionedUserId id);
  /// By userName; none: nobody is called that.
  Result<std::optional<ProvisionedUserId>> find_provisioned_user(const Provisioner& who,
                                                                 std::string_view name);
  /// Without an id: somebody new. Answers when everybody who held what went with it has let go.
  io::Task<Result<ProvisionedUserId>> put_provisioned_user(Provisioner who,
                                                           std::optional<ProvisionedUserId> id,
                                                           ProvisionedUserChange change);
  io::Task<Status> remove_provisioned_user(Provisioner who, ProvisionedUserId id,
                                           std::optional<std::int64_t> expected);
  Result<std::vector<ProvisionedGroupView>> list_provisioned_groups(const Provisioner& who,
                                                                    bool with_members);
  Result<ProvisionedGroupView> show_provisioned_group(const Provisioner& who,
                                                      ProvisionedGroupId id);
  io::Task<Result<ProvisionedGroupId>> put_provisioned_group(Provisioner who,
                                                             std::optional<ProvisionedGroupId> id,
                                                             ProvisionedGroupChange change);
  io::Task<Status> remove_provisioned_group(Provisioner who, ProvisionedGroupId id,
                                            std::optional<std::int64_t> expected);
  /// After the provider's table of roles was changed: everybody has what it gives them now.
  io::Task<Status> follow_provisioned(IdentityProviderId provider);
  // The end of such sign-ins at their provider, and by it (logouts.cpp)
  /// Of a tenant's provider that has sent `token`. logout_refused, whatever there is not.
  Result<LogoutJob> take_logout(std::string_view tenant, std::string_view provider, Secret token);
  /// Ends the sign-ins that it is about; how many. logout_refused.
  Result<std::size_t> finish_logout(IdentityProviderId provider, const dynamic::Outcome& outcome);

  Result<Actor> actor_of_sign_in(const SignInHalves& halves);
  /// Where the browser goes then, of a sign-in by a provider that can be told; `back` is where that
  /// sends it afterwards.
  Result<std::optional<ProviderLogout>> sign_out(const Actor& actor, const SignInHalves& halves,
                                                 const std::string& back);

  // Somebody shows again that it is them, so that an unlocked browser that others use gives them no
  // lasting way in (confirmation.cpp): what adds one wants a sign-in, or this, of the last 5
  // minutes. Reasons: confirmation_needed; password_wrong, code_wrong, confirmation_refused.
  /// What is to be computed: begin_own_password().
  Status confirm_by_password(const Actor& actor, const PasswordTask& task, const Secret& derived);
  Status confirm_by_code(const Actor& actor, const Secret& code);
  /// The challenge.
  Result<ByteVector> begin_passkey_confirmation(const Actor& actor, const crypto::Digest& browser);
  Status confirm_by_passkey(const Actor& actor, const crypto::Digest& browser,
                            const RelyingParty& party, const PasskeyAssertion& answer);
  Result<std::vector<SignInView>> list_sign_ins(const Actor& actor, std::string_view tenant);
  Status end_sign_in(const Actor& actor, SignInId id);
  /// What a browser keeps in which this member has signed in, so that wrong tries from elsewhere do
  /// not slow it down; it lets nobody in.
  [[nodiscard]] std::string browser_mark(std::string_view tenant, std::string_view member) const;
  [[nodiscard]] bool is_browser_of(std::string_view mark, std::string_view tenant,
                                   std::string_view member) const;

  // Leases: checks everything at this moment, opens the record. Reasons of a refusal that a gateway
  // passes on: pass_unknown, pass_wrong_service (its session has another pass for that),
  // not_granted (it could have been), not_connected (there is no key), key_revoked, session_ended,
  // session_expired.
  Result<OpenedKey> open_by_pass(ByteView pass_hash, std::string_view service);
  /// Whose pass it is, whatever it opens; none for one that nobody has.
  [[nodiscard]] SessionId session_of_pass(ByteView pass_hash) const;
  Result<std::vector<OpenedKey>> open_injected(SessionId session);
  /// Is a refresh of one of these under way?
  [[nodiscard]] bool is_renewing(SessionId session) const;
  /// Behind a session's proxy credential: no key (none id, no value), and as settings where the
  /// session may go: "inspect" = "SERVICE HOST:PORT" for what is proxied, "tunnel" = "HOST:PORT"
  /// for what is injected. Good for the first `source` that shows it, until the session's end or
  /// this process's: "proxy_elsewhere" for others.
  Result<OpenedKey> open_proxy(ByteView credential, std::string_view source);
  /// May a lease on this go on? False after revoke, end, expiry. No key: a session's proxy.
  [[nodiscard]] bool may_continue(SessionId session, KeyId key) const;
  /// Was it granted to the session's runner, whatever became of it? Also where that cannot be read.
  [[nodiscard]] bool was_given(SessionId session, KeyId key) const;

  // Credentials made for one session (dynamic.cpp)
  /// Of a session just started: each is to be made, and note_making() called whatever came of it.
  Result<std::vector<DynamicId>> credentials_to_make(SessionId session);
  /// What is to be destroyed now: sessions that ended, keys that were revoked, makings cut short.
  Result<std::vector<DynamicId>> credentials_due();
  Result<dynamic::Job> job_of(DynamicId id, dynamic::Action action);
  Status note_making(DynamicId id, const dynamic::Outcome& outcome);
  /// Fails, saying why, while it is not certain that it is gone.
  Status note_destroying(DynamicId id, const dynamic::Outcome& outcome);

  // Logins at services (vault/oauth.h). Reasons: client_unknown, client_in_use, login_unsupported,
  // login_unknown, login_refused, login_mixed_up, login_not_needed, too_many_logins,
  // client_changed.
  /// One of an issuer's is ready once its issuer was asked: discovery_of(), note_discovered().
  Result<OAuthClientView> set_oauth_client(const Actor& actor, const NewOAuthClient& wanted,
                                           const Secret& secret);
  Result<std::vector<OAuthClientView>> list_oauth_clients(const Actor& actor);
  Status remove_oauth_client(const Actor& actor, std::string_view name);
  /// None: its endpoints are the catalogue's.
  Result<std::optional<dynamic::Job>> discovery_of(std::string_view client);
  /// `issuer`: who was asked.
  Status note_discovered(std::string_view client, const std::string& issuer,
                         const dynamic::Outcome& outcome);
  Result<BegunLogin> begin_login(const Actor& actor, NewLogin wanted);
  Result<LoginView> show_login(const std::string& id, const crypto::Digest& bearer);
  Result<LoginJob> take_login(LoginAnswer answer);
  Result<LoginView> finish_login(const std::string& id, const dynamic::Outcome& outcome);
  /// To begin with, and then for each poll.
  Result<dynamic::Job> device_job_of(const std::string& id);
  Result<LoginView> note_device(const std::string& id, const dynamic::Outcome& outcome);
  /// Is it time to ask the provider again? Then note_poll() is called whatever came of it.
  Result<bool> begins_poll(const std::string& id, const crypto::Digest& bearer);
  Result<LoginView> note_poll(const std::string& id, const dynamic::Outcome& outcome);
  /// Tokens that are over soon.
  [[nodiscard]] std::vector<DynamicId> refreshes_due() const;
  /// Of refreshes that another process of ours has begun, and perhaps not finished.
  Result<std::vector<DynamicId>> handovers_left();
  /// Durably begun when it answers: note_refreshed() is called whatever comes of it.
  Result<dynamic::Job> begin_refresh(DynamicId id);
  /// What such a refresh has left in its file.
  Result<dynamic::Outcome> outcome_of_handover(DynamicId id, ByteView record);
  Status note_refreshed(DynamicId id, const dynamic::Outcome& outcome);
  /// Of logins that came to no key: each is to be done until the provider has confirmed.
  [[nodiscard]] std::vector<dynamic::Job> take_unkept_logins();

  // Policies. When a change is answered, no gateway begins a use under what held before.
  io::Task<Result<PolicyView>> set_policy(Actor actor, PolicyPlace place, PolicyChange change);
  Result<PolicyView> show_policy(const Actor& actor, const PolicyPlace& place);
  Result<std::vector<PolicyView>> list_policies(const Actor& actor, std::string_view tenant);
  /// What was spent under it is forgotten with it.
  io::Task<Status> remove_policy(Actor actor, PolicyPlace place);
  /// What one settled use of a key cost; counted under each policy that holds for the key.
  struct Use {
    std::uint64_t bytes = 0;
    std::string_view unit;  ///< empty: the answer stated nothing
    std::uint64_t units = 0;
  };
  void note_spent(KeyId key, HolderId holder, const Use& use);
  [[nodiscard]] Spent spent_by_others(PolicyId policy, HolderId holder) const;
  /// Policies whose sums grew since the last call, for gateways that share them.
  [[nodiscard]] std::vector<PolicyId> take_grown_spending();
  void forget_holder(HolderId holder);
  /// Call every few seconds and at the end: what is not saved is lost with the process.
  Status save_spending();

  // The health of keys (vault/health.h)
  /// Of the next `limit` keys.
  Result<HealthPage> health_page(std::int64_t after, std::size_t limit);
  /// That this state was told, and by which notices.
  Status tell_health(KeyId key, const std::string& told, const std::vector<NewNotice>& list);
  Result<std::vector<DueNotice>> due_notices();
  /// Taken: forgotten. Else it is tried again later, or given up after some days.
  Status note_notice(NoticeId id, bool is_taken);
  /// Whether its provider is asked now and then.
  Result<KeyView> switch_key_checks(const Actor& actor, KeyId id, bool is_on);
  Result<TenantView> switch_tenant_checks(const Actor& actor, std::string_view name, bool is_on);

  /// Goes on with a look at every row that is stored; true: there is more.
  Result<bool> inspect_part(const Actor& actor, store::Inspection& inspection);

  // Seals (vault/sealing.h makes one)
  static constexpr std::size_t kMostSeals = 16;
  Result<std::vector<SealView>> list_seals(const Actor& actor);
  Result<SealView> add_seal(const Actor& actor, Sealing sealing);
  /// For whoever looks whether the seals that ask nobody still open: their rows.
  Result<std::vector<store::Seal>> seals_to_look_at();
  /// `key`: what the seal's means gave, or why they did not. Kept for list_seals().
  void note_seal(const store::Seal& seal, const Result<Secret>& key);
  [[nodiscard]] std::size_t failing_seals() const;
  // A new root key needs new means of each seal. Those that somebody has to choose, or that are
  // made where a seal is held, are prepared one by one before, and are good for kRenewalGoodFor.
  /// The row of one that is to be renewed.
  Result<store::Seal> seal_to_renew(const Actor& actor, SealId id);
  Status prepare_renewal(const Actor& actor, SealId id, Sealing renewed);
  /// By passphrase: must not be the one of today.
  Status prepare_passphrase(const Actor& actor, SealId id, const Secret& passphrase);
  /// Of seals by shares, after a rotation: seen this one time.
  [[nodiscard]] std::vector<NewShares> take_new_shares();
  /// Refused for the only one. Unavailable where it is removed, and a file may still hold its row.
  Status remove_seal(const Actor& actor, SealId id);

  // The anchor (vault/anchor.h)
  /// Call every second and at the end: changes that take nothing away are anchored by it.
  Status anchor_newest();
  /// Where the counter that the anchor names stands now, or why it could not be raised.
  void counted(const Result<std::int64_t>& stands);
  /// How much has asked to be counted so far.
  [[nodiscard]] std::uint64_t counts_asked() const;
  /// Whether so much of it is; not_anchored where the counter fails.
  [[nodiscard]] Result<bool> is_counted(std::uint64_t asked) const;
  /// Why the anchor cannot follow, if so: until it can, nothing is changed but revoked.
  [[nodiscard]] Status anchor_health() const;

  /// One at a time; the vault outlives it (vault/backup.h).
  Result<std::unique_ptr<Backup>> begin_backup(const Actor& actor, BackupPlan plan);

  // Receipts and installation
  Result<std::vector<json::object>> list_receipts(const Actor& actor);
  Result<std::string> show_receipt(const Actor& actor, ReceiptId id);
  [[nodiscard]] std::string receipt_public_key() const;  ///< base64
  [[nodiscard]] std::string installation_id() const;
  /// Shared by all gateways, kept sealed in the database.
  [[nodiscard]] Secret link_key() const;

 private:
  friend class Backup;
  struct State;
  explicit Vault(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::vault
