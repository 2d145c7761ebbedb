// Vault::State: what the vault's files share. Internal to this room. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vault/anchoring.h"
#include "vault/challenges.h"
#include "vault/hierarchy.h"
#include "vault/identity_state.h"
#include "vault/live_keys.h"
#include "vault/oauth_state.h"
#include "vault/ongoing.h"
#include "vault/row_rules.h"
#include "vault/texts.h"
#include "vault/undertaking.h"
#include "vault/vault.h"
#include "vault/webauthn.h"

namespace strongroom::vault {

class LiveKeys;

struct Vault::State {
  explicit State(Parts&& parts);

  const Clock& clock;
  store::Store& store;
  const catalog::Catalog& catalog;
  audit::Log& record;
  std::chrono::milliseconds grace;
  std::chrono::seconds making_time;
  HolderFences* fences = nullptr;
  Issuing* issuing = nullptr;
  Hierarchy hierarchy;
  Anchoring anchoring;
  Secret root_key;        ///< for seals that are added, and for its own successor
  std::string seal_file;  ///< of the file seal that names none
  Secret signing_key;
  Secret link_key;
  Secret password_key;
  std::string installation;

  /// What may go on, for renewals (thousands a second); kept in step with the database after each
  /// commit.
  std::unordered_map<SessionId, WallTime> open_sessions;     ///< until when
  std::unordered_map<SessionId, std::string> proxy_sources;  ///< who showed its credential first
  KeySet live_keys;
  std::unordered_set<std::string> unchecked;  ///< keys and tenants whose checks are switched off
  std::unordered_map<KeyId, std::int64_t> key_ends;  ///< of the live ones whose version has one
  std::unordered_map<KeyId, WallTime> last_used;
  /// Revoked and ended, but the disk would not take it: refused like what is stored, and tried
  /// again until it is (unstored.cpp).
  std::unordered_set<KeyId> unstored_keys;
  std::unordered_map<SessionId, std::string> unstored_ends;  ///< and why they ended
  /// Policies of keys that were leased since the start, so that settling a use asks no database.
  struct SpendsUnder {
    PolicyId policy;
    std::string unit;
  };
  std::unordered_map<KeyId, std::vector<SpendsUnder>> spends_under;
  Spending spending;
  Activity activity;
  SessionFollower session_follower;
  std::unordered_set<SessionId> ending;                      ///< ended, and not carried through yet
  std::set<std::pair<std::int64_t, TicketId>> kept_tickets;  ///< by when they expire
  std::unordered_set<TicketId> replayed_tickets;             ///< recorded once each
  std::set<std::pair<SessionId, std::string>> refused_runners;  ///< the same, and why

  [[nodiscard]] std::int64_t now() const { return to_micros(clock.wall()); }

  // Start (vault.cpp)
  Status load_own_secrets();
  Status load_what_lives(const LiveKeys& live);
  /// The answer: uses of these sessions that a vault which was killed has left without an end.
  Result<std::vector<audit::Settled>> load_activity(const std::vector<store::Session>& open);
  Status load_spending();

  // Whether the database is the newest, and what is done where it is not (rollback.cpp)
  struct Acceptance;
  Status load_newest(const LiveKeys& verified, bool accept_older);
  /// What an entry of the record tells, where the database does not know of it.
  [[nodiscard]] std::string contradiction(const audit::Entry& entry) const;
  Status accept_rollback();

  // Looking up. NotFound reads the same whether a thing never was, is gone, or is another tenant's.
  Result<store::Tenant> tenant(const Actor& actor, std::string_view name);
  Result<std::vector<store::Tenant>> tenants_of(const Actor& actor, std::string_view name);
  Result<store::Where> rows_of(const Actor& actor, std::string_view tenant_name);
  Result<store::Key> key(const Actor& actor, KeyId id);
  Result<store::Session> session(const Actor& actor, SessionId id);
  Result<store::Member> member(const store::Tenant& tenant, std::string_view name);
  // For the vault's own doings.
  Result<store::Key> key(KeyId id);
  Result<store::Session> session(SessionId id);
  Result<store::KeyVersion> current_version(const store::Key& key);
  Result<const catalog::Service*> service(std::string_view id) const;
  template <class Row, class AnyId>
  Result<std::optional<Row>> by_id(const AnyId& id) {
    return store.template find<Row>({{"id", store::to_value(id)}});
  }

  // May they? (access.cpp)
  [[nodiscard]] static bool sees(const Actor& actor, const store::Key& key);
  [[nodiscard]] static bool sees(const Actor& actor, TenantId tenant, MemberId member);
  [[nodiscard]] static bool sees(const Actor& actor, const store::Token& token);
  static Status need_to_keep(const Actor& actor, const std::optional<MemberId>& owner);
  static Status need_to_revoke(const Actor& actor, const std::optional<MemberId>& owner);
  static Status need_to_run_for(const Actor& actor, const store::Member& member);
  static Status need_to_end(const Actor& actor, const store::Session& session);

  /// A pass pasted where a key belongs would only ever fail at the provider.
  Status refuse_pass(const Secret& value);

  // What sessions were started with (session_terms.cpp)
  Status put_terms(SessionId session, const SessionRequest& request);
  Result<store::SessionTerms> terms_of(SessionId session);
  Result<std::vector<store::Session>> filtered(const Actor& actor, const SessionFilter& filter);

  // How they do (health.cpp)
  Result<store::Health> health_of(const std::string& subject);
  Status put_health(const store::Health& row);
  [[nodiscard]] bool is_checked(const store::Key& key) const;
  void note_checks(const store::Health& row);
  Status load_health();

  /// Is the time of the version in use over?
  [[nodiscard]] bool is_expired(KeyId key) const {
    const auto end = key_ends.find(key);
    return end != key_ends.end() && now() >= end->second;
  }
  void note_end(const store::KeyVersion& version) {
    if (version.not_after == 0)
      key_ends.erase(version.key);
    else
      key_ends[version.key] = version.not_after;
  }

  // Views
  Result<KeyView> view(const store::Key& key);
  Result<SessionView> view(const store::Session& session);
  Result<std::string> tenant_name(TenantId id);
  Result<std::string> member_name(MemberId id);

  // Changes inside a transaction
  Status revoke_in_transaction(store::Key& key);
  Status end_in_transaction(store::Session& session, std::string_view why);

  // The record. An act written inside commit() whose transaction then fails is followed by the same
  // act with the outcome "undone".
  Status commit(const std::function<Status()>& work);
  /// Of what only takes away: goes on while the anchor cannot follow.
  Status commit_revocation(const std::function<Status()>& work);
  std::optional<audit::Act> in_doubt;
  Status act(const Actor& actor, std::string_view action, audit::Act facts);

  // A new root key (root_rotation.cpp)
  Result<std::vector<Sealing>> renewed_seals(const Secret& passphrase);
  Status change_root_in_transaction(const Secret& to, std::span<const Sealing> seals);

  // Rewrap (rewrap.cpp)
  std::unordered_map<SealId, SealLook> seal_looks;  ///< of those that ask nobody
  std::unordered_map<SealId, Renewal> renewals;     ///< prepared for the next rotation
  std::vector<NewShares> new_shares;                ///< of the last one, until they are taken
  [[nodiscard]] Status check_renewable(const std::vector<store::Seal>& seals,
                                       const Secret& passphrase) const;
  Result<Sealing> prepared(const store::Seal& seal);
  Result<Sealing> renewed(const store::Seal& seal, const Secret& passphrase);
  [[nodiscard]] SealView view_of_seal(const store::Seal& seal) const;
  std::unordered_map<TenantId, Rewrap> rewraps;                      ///< since the start
  Result<std::vector<store::Epoch>> living_epochs(TenantId tenant);  ///< the newest last
  Result<store::Epoch> begin_epoch(const Actor& actor, store::Tenant tenant,
                                   std::vector<store::Epoch> living);
  Status rewrap_in_transaction(const store::Key& key, Rewrap& progress);
  Result<bool> rewrap_part(TenantId tenant, Rewrap& rewrap);
  Result<bool> count_part(TenantId tenant, Rewrap& rewrap);
  Status finish_rewrap(TenantId tenant, Rewrap& rewrap);
  Status begin_new_rewrap(const Actor& actor, const store::Tenant& tenant, unsigned share);
  void note_begun(const Actor& actor, const store::Tenant& tenant, const store::Epoch& newest,
                  std::int64_t keys, unsigned share);

  // Shred (shred.cpp)
  Result<store::Tenant> tenant_even_removed(const Actor& actor, std::string_view name);
  Result<bool> keeps_revoked_means(TenantId tenant);
  Result<std::string> why_not_shredded(TenantId tenant, const Rewrap& rewrap);
  Status finish_shred(TenantId tenant, Rewrap& rewrap);

  // Opening (leases.cpp)
  Status check_session(const store::Session& session);
  Result<OpenedKey> open_for(const store::Session& session, const store::Grant& grant);

  // Credentials made for one session (dynamic.cpp)
  std::unordered_set<DynamicId> making;  ///< by a start of a session that is under way
  std::unordered_map<DynamicId, std::string> failures;  ///< why it is not destroyed yet
  Status plan_credential(SessionId session, const store::Key& key, Settings& settings);
  Status put_session_credential(OpenedKey& opened);
  Status renew_means(KeyId key, const Secret& administrator);
  Status rewrap_credentials_in_transaction(const Hierarchy& next);
  Result<std::vector<store::Dynamic>> undestroyed();
  [[nodiscard]] bool is_due(const store::Dynamic& row) const;
  [[nodiscard]] DynamicView view(const store::Dynamic& row) const;
  Result<std::vector<DynamicView>> dynamic_views(const store::Where& where);
  Result<std::vector<dynamic::Neighbour>> neighbours_of(const store::Dynamic& row,
                                                        const std::string& service);
  Status settle_credential(DynamicId id, std::string_view to, std::string_view action,
                           const dynamic::Outcome& outcome);
  Result<json::array> destroyed_part(const std::vector<DynamicId>& credentials, bool& all_are);

  // Clients of authorization servers (oauth_clients.cpp)
  Result<store::OAuthClient> oauth_client(std::string_view name);
  Result<Secret> secret_of(const store::OAuthClient& client);
  Result<catalog::OAuth> oauth_of(const store::OAuthClient& client);
  Result<OAuthClientView> view(const Actor& actor, const store::OAuthClient& client);
  Status need_unused(const std::string& client);
  Status rewrap_oauth_in_transaction(const Hierarchy& next);

  // Logins under way (logins.cpp)
  Logins logins;
  void forget_old_logins();
  Result<PendingLogin*> pending_login(const std::string& id, const crypto::Digest& bearer);
  Status check_login(const Actor& actor, NewLogin& wanted, const store::OAuthClient& client);
  Status settings_for_login(const store::OAuthClient& client, Settings& settings);

  // What they gave (oauth_grants.cpp)
  static Secret login_secrets(const Secret& client, const Secret& grant, const Secret& verifier,
                              const Secret& handover);
  static Result<dynamic::Job> login_job(const store::OAuthClient& client,
                                        const catalog::OAuth& oauth, dynamic::Action action,
                                        std::string endpoint);
  Status load_grants();
  Status note_grant(const store::OAuthGrant& row);
  [[nodiscard]] Status check_login(KeyId key) const;
  Result<store::OAuthClient> client_of(const PendingLogin& login);
  Result<KeyId> keep_login(PendingLogin& login, const dynamic::Outcome& outcome);
  void end_unkept(const PendingLogin& login, const dynamic::Outcome& outcome);
  Result<KeyId> renew_login(const PendingLogin& login, const std::vector<Secret>& tokens,
                            store::OAuthGrant fresh);
  Result<store::OAuthGrant> grant_of(KeyId key);
  Result<KeyView> add_key(const Actor& actor, const NewKey& wanted, Secret value,
                          const std::function<Status(const store::Key&)>& beside);
  Status need_free_label(const store::Key& key);
  Status put_version_in_transaction(store::Key& key, const Secret& value);
  Status settle_refresh_in_transaction(store::OAuthGrant& row, const dynamic::Outcome& outcome);
  void hasten_refresh(KeyId key);
  Status owe_in_transaction(KeyId key);
  Result<std::vector<store::OAuthGrant>> owed_grants();
  [[nodiscard]] bool is_due(const store::OAuthGrant& row) const;
  Result<std::optional<dynamic::Job>> ending_of(DynamicId id);
  Result<bool> settle_ending(DynamicId id);
  Result<json::object> ending_part(const store::OAuthGrant& row);

  // Pasted keys that their provider is told of (destructions.cpp)
  Status owe_value_in_transaction(const store::Key& key);
  Result<std::vector<store::Destruction>> owed_values();
  Result<std::optional<dynamic::Job>> destruction_of(DynamicId id);
  Result<bool> settle_destruction(DynamicId id, const dynamic::Outcome& outcome);
  Result<json::object> destruction_part(const store::Destruction& row);
  Status rewrap_destructions_in_transaction(const Hierarchy& next);

  Result<SessionProxy> proxy_of(SessionId session) const;
  bool is_backing_up = false;  ///< backup.cpp
  // Policies (policies.cpp)
  Result<store::Policy> policy_row(const Actor& actor, const PolicyPlace& place, bool& is_there);
  Result<PolicyView> view(const store::Policy& row);
  /// Where the tenant lets its sessions go by plain tunnels.
  Result<std::vector<std::string>> tunnels_of(TenantId tenant);
  Result<std::vector<PassMark>> passes_of(SessionId session);
  Result<catalog::Policy> policy(const store::Policy& row);
  Status put_guard(const store::PolicyGuard& guard);
  Result<std::vector<AppliedPolicy>> policies_for(const store::Key& key);
  Result<store::Policy> put_policy(const Actor& actor, const PolicyPlace& place,
                                   const PolicyChange& change);
  Result<store::Policy> take_policy(const Actor& actor, const PolicyPlace& place);
  Result<std::vector<KeyId>> keys_under(const store::Policy& row);
  Status erase_policies_in_transaction(const store::Where& where);
  void forget_policy(PolicyId id);

  // Choosing keys for a session (choosing.cpp)
  struct Wish {
    std::string service;
    std::string label;  ///< empty: none named
  };
  Result<std::vector<Wish>> wishes_of(const store::Tenant& tenant, const SessionRequest& request);
  Result<store::Key> choose(const store::Tenant& tenant, const store::Member& member,
                            const Wish& wish);
  Error why_not(const store::Grant& grant, std::string_view service);

  // Revocation and receipts (revocation.cpp, receipts.cpp)
  Result<Belongings> belongings_of(const Actor& actor, std::string_view tenant_name,
                                   std::string_view member_name);
  Status add_belongings(Belongings& out);
  /// `beside`: what else is changed in the same transaction; may be missing.
  io::Task<Result<Receipt>> remove_member(Actor actor, Belongings what,
                                          std::function<Status()> beside);
  Status remove_in_transaction(store::Tenant& tenant, std::span<store::Session> sessions,
                               std::span<store::Key> keys);
  void take_down(std::span<const store::Session> sessions, std::span<const store::Key> keys,
                 Undertaking& undertaking);
  /// Fences and writes the receipt; `changed` is how the commit went.
  io::Task<Result<Receipt>> carry_through(Undertaking undertaking, Status changed);
  io::Task<Result<Receipt>> fence_and_write(Undertaking undertaking, Status changed);
  BegunFences begin_fences(Undertaking& undertaking);
  io::Task<Result<Receipt>> finish_fences(Undertaking undertaking, BegunFences begun,
                                          std::vector<HolderOutcome> outcomes);
  Undertaking end_taken_down(Actor actor, const store::Session& session,
                             std::vector<HolderOutcome> reported, WallTime asked);
  io::Task<Result<Receipt>> fence_unstored(Undertaking undertaking, Error why);
  [[nodiscard]] bool is_revoked(const store::Key& key) const {
    return key.state == kRevoked || unstored_keys.contains(key.id);
  }
  Result<json::object> source_part(const Undertaking& undertaking);
  Status note_credentials(Undertaking& undertaking);
  Result<Receipt> write_receipt(const Undertaking& undertaking,
                                const std::vector<HolderOutcome>& outcomes);
  Result<Receipt> write_shred_receipt(const ShredFacts& facts);
  Result<Receipt> sign_and_store(json::object receipt, ReceiptId id, TenantId tenant,
                                 std::string subject, WallTime at);
  /// The newest: one may complete another.
  Result<std::optional<Receipt>> receipt_of(const std::string& subject);
  Result<Receipt> complete_receipt(const Receipt& earlier, const store::Session& session,
                                   const HolderOutcome& reported);
  io::Task<Result<Receipt>> end_session(Actor actor, store::Session session, std::string why,
                                        std::vector<HolderOutcome> reported);
  Result<std::vector<ExposedProcess>> unconfirmed_end(SessionId id,
                                                      const std::vector<HolderOutcome>& outcomes);
  Result<std::vector<ExposedProcess>> unconfirmed(
      const std::vector<KeyId>& keys,
      const std::vector<HolderOutcome>& outcomes);  // named by their session

  // Tickets (tickets.cpp)
  Status load_tickets();
  Status forget_old_tickets();
  void note_replay(const store::Ticket& ticket);
  Result<TicketView> view(const store::Ticket& ticket);

  // Passwords (passwords.cpp)
  [[nodiscard]] ByteVector verifier_of(MemberId member, const Secret& derived) const;
  [[nodiscard]] static PasswordTask task_of_new_password(MemberId member);
  Status put_password_in_transaction(MemberId member, const PasswordTask& task,
                                     const Secret& derived);
  Result<store::Member> proven_member(const PasswordTask& task, const Secret& derived);

  // Tenants and members (tenants.cpp)
  Result<store::Tenant> add_tenant_in_transaction(const Actor& actor, std::string_view name);
  Status add_member_in_transaction(const Actor& actor, store::Member& member);

  // Invitations (invitations.cpp)
  std::optional<FirstOwner> first_owner;
  Result<bool> is_for_first_owner(const crypto::Digest& invitation);
  Result<bool> has_integrations(MemberId member);
  Result<store::Invitation> invitation(const crypto::Digest& hash);
  Status begin_anew_in_transaction(MemberId member);
  /// What an invitation gives: how it is put there, and what the record calls that. `put` answers
  /// what is to be said of it.
  struct WayIn {
    std::string_view action;
    std::function<Result<std::string>(const store::Member&)> put;
  };
  Result<IssuedSignIn> found_tenant(const crypto::Digest& invitation, const NewTenant& names,
                                    MemberId whom, const WayIn& way, std::string_view from);
  Result<IssuedSignIn> take_invitation(const crypto::Digest& invitation, MemberId whom,
                                       const WayIn& way, std::string_view from);

  // Codes beside the password (second_factor.cpp)
  Result<std::optional<store::SecondFactor>> second_factor(MemberId member);
  Result<bool> takes_code(store::SecondFactor& row, const Secret& code);
  static bool takes_recovery_code(store::SecondFactor& row, const Secret& code);
  Status pass_second_factor(MemberId member, const Secret& code);
  Status rewrap_second_factors_in_transaction(const Hierarchy& next);

  // Passkeys (passkeys.cpp)
  Challenges challenges;
  Result<std::vector<ByteVector>> credentials_of(MemberId member);
  struct Registered {
    MemberId member;  ///< whom the challenge was made for
    RegisteredCredential credential;
  };
  Result<Registered> registered(Ceremony ceremony, const crypto::Digest& browser,
                                const RelyingParty& party, const NewPasskey& made,
                                const std::optional<MemberId>& expected = {});
  Result<store::Passkey> put_passkey_in_transaction(const store::Member& member,
                                                    const RegisteredCredential& credential,
                                                    std::string_view name);
  static PasskeyView view(const store::Passkey& row);
  Result<IssuedSignIn> sign_in_in_transaction(const RelyingParty& party,
                                              const PasskeyAssertion& answer, std::string_view from,
                                              std::optional<audit::Act>& copied);

  // Sign-ins (sign_ins.cpp)
  [[nodiscard]] bool is_over(const store::SignIn& row) const;
  [[nodiscard]] static bool sees(const Actor& actor, const store::SignIn& row);
  Result<SignInView> view(const store::SignIn& row);
  Status forget_old_sign_ins(MemberId member);
  Result<IssuedSignIn> make_sign_in(TenantId tenant, MemberId member, std::string_view from);
  Result<store::SignIn> sign_in(const SignInHalves& halves);
  Status end_in_transaction(const Actor& actor, const store::SignIn& row);
  Status erase_sign_ins_in_transaction(const store::Where& where);

  // Who has shown again that it is them (confirmation.cpp)
  std::unordered_map<SignInId, SteadyTime> confirmed;  ///< since when
  Status need_recent_sign_in(const Actor& actor);
  void note_confirmed(SignInId sign_in);
  Result<store::Passkey> asserted_in_transaction(const RelyingParty& party,
                                                 const PasskeyAssertion& answer,
                                                 std::optional<audit::Act>& copied);

  // Logout at providers, and by them (logouts.cpp)
  std::map<std::pair<IdentityProviderId, std::string>, std::int64_t>
      seen_logouts;  ///< tokens, and until when they would be good
  Result<std::optional<ProviderLogout>> logout_of(const store::ProviderSignIn& row,
                                                  const std::string& back);
  [[nodiscard]] Status check_logout(const dynamic::Outcome& said,
                                    const store::IdentityProvider& row) const;
  Status note_logout_token(const dynamic::Outcome& said, const store::IdentityProvider& row);
  Result<std::size_t> end_at_word_of_provider(const store::IdentityProvider& row,
                                              const dynamic::Outcome& said);

  // Who signs in through a provider (identity_providers.cpp)
  Result<store::IdentityProvider> identity_provider(const Actor& actor, std::string_view tenant,
                                                    std::string_view name);
  Result<IdentityProviderView> view(const store::IdentityProvider& row);
  Result<Secret> secret_of(const store::IdentityProvider& row);
  Status rewrap_identity_providers_in_transaction(const Hierarchy& next);
  Status erase_identities_in_transaction(const store::Where& where);

  // ... and who they are (identities.cpp)
  std::map<ByteVector, Proven> proven;  ///< who still have to bring a code, by their challenge
  Result<std::string> begin_identity(const store::IdentityProvider& row, Ceremony ceremony,
                                     MemberId member, const crypto::Digest& browser,
                                     const std::string& redirect);
  Result<Proven> proven_by(const IdentityAttempt& attempt, const dynamic::Outcome& outcome);
  Result<store::Member> member_of(const store::IdentityProvider& row, const Proven& who,
                                  const std::string& role, bool& is_new);
  Status follow_role_in_transaction(const store::IdentityProvider& row, const std::string& role,
                                    store::Member& member, bool& is_less);
  Result<IssuedSignIn> admit(const Proven& who, const Secret& code, std::string_view from);
  void end_without_role(const Proven& who);
  Status note_refused_identity(IdentityProviderId provider, const std::string& why);
  Result<IdentityView> view(const store::Identity& row);
  /// One who is new: a name that is free, of those that they may be called by.
  Result<std::string> free_member_name(TenantId tenant, const std::vector<std::string>& names);
  Result<bool> is_last_owner(const store::Member& member);

  // Whom a provider provisions (provisioning.cpp)
  Result<bool> is_provisioning(IdentityProviderId provider);
  /// Has no group a role for them any more?
  Result<bool> is_withheld(MemberId member);
  Status check_not_withheld(MemberId member);
  /// Of the members there are.
  Result<std::size_t> count_withheld(IdentityProviderId provider);
  /// Does their role follow from the groups that were provisioned?
  Result<bool> is_provisioned_member(MemberId member);
  Result<std::string> role_of_groups(const store::IdentityProvider& row,
                                     const store::ProvisionedUser& user);
  Status settle_in_transaction(const store::IdentityProvider& row, store::ProvisionedUser& user,
                               Settled& settled);
  Status admit_in_transaction(const store::IdentityProvider& row, store::ProvisionedUser& user,
                              const std::string& role, Settled& settled);
  Status withhold_in_transaction(const store::IdentityProvider& row, store::ProvisionedUser& user,
                                 const store::Member& member, Settled& settled);
  Status settle_all_in_transaction(const store::IdentityProvider& row,
                                   const std::set<ProvisionedUserId>& users, Settled& settled);
  io::Task<Status> carry_through(Actor actor, Settled settled);
  Status erase_provisioned_in_transaction(const store::Where& where);

  // ... who they are (provisioned_users.cpp)
  Result<store::ProvisionedUser> provisioned(const Provisioner& who, ProvisionedUserId id);
  Result<ProvisionedUserView> view(const store::ProvisionedUser& user, bool with_groups);
  Result<store::ProvisionedUser> changed_user(const Provisioner& who,
                                              const std::optional<ProvisionedUserId>& id,
                                              const ProvisionedUserChange& change);
  Status check_unique(const store::ProvisionedUser& user);
  Status put_in_transaction(const store::ProvisionedUser& user, bool is_new,
                            const std::string& former_external_id);
  /// Whom they are here, where that is somebody who is to be removed with them.
  Result<std::optional<store::Member>> living_member(const store::ProvisionedUser& user);
  io::Task<Result<Receipt>> remove_provisioned_member(store::ProvisionedUser user,
                                                      store::Member member,
                                                      std::function<Status()> beside);

  // ... and their groups (provisioned_groups.cpp)
  Result<store::ProvisionedGroup> provisioned(const Provisioner& who, ProvisionedGroupId id);
  Result<ProvisionedGroupView> view(const store::ProvisionedGroup& group, bool with_members);
  Status put_in_transaction(const Provisioner& who, store::ProvisionedGroup& group, bool is_new,
                            const ProvisionedGroupChange& change, Settled& settled);

  // Tokens (tokens.cpp)
  Result<TokenView> view(const store::Token& token);
  Status revoke_tokens_in_transaction(const store::Where& where);

  // Runners without any other right (runner_credentials.cpp)
  Result<std::string> make_runner_credential(SessionId session);
  void note_refused_runner(const store::Session& session, const Error& why);

  // Telling of sessions (session_events.cpp)
  SessionEvent event(std::string_view kind, TenantId tenant);
  SessionEvent event(std::string_view kind, const store::Session& session);
  void put_session(SessionEvent& event, SessionId session);
  void tell(const SessionEvent& event) const;
  void tell_key(KeyId id);
  void tell_started(const store::Session& session, const SessionView& view);
  void tell_ending(const Undertaking& undertaking);
  void tell_carried_through(TenantId tenant, const Undertaking::Ending& ended,
                            const std::vector<KeyId>& revoked, const Result<Receipt>& receipt);
};

}  // namespace strongroom::vault
