// Opening keys for holders. Everything is checked at this moment, whatever was true a moment ago.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/places.h"
#include "crypto/crypto.h"
#include "crypto/session_credentials.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

/// Where a key of this service may be used, as the proxy ingress reads it.
void add_places(const catalog::Service& service, const Settings& settings, Settings& out) {
  for (const auto& place : catalog::places_of(service, settings))
    out.emplace_back(place.is_inspected ? "inspect" : "tunnel",
                     place.is_inspected ? service.id + " " + place.text() : place.text());
}

}  // namespace

Status Vault::State::check_session(const store::Session& session) {
  if (session.state != kOpen || unstored_ends.contains(session.id))
    return fail(Code::Revoked, "This session has ended.", "session_ended");
  if (now() >= session.expires)
    return fail(Code::Expired, "This session's time is over.", "session_expired");
  STRONGROOM_TRY(const auto tenant, by_id<store::Tenant>(session.tenant));
  if (!tenant || tenant->state != kActive)
    return fail(Code::Revoked, "This session's tenant was removed.", "tenant_removed");
  STRONGROOM_TRY(const auto member, by_id<store::Member>(session.member));
  if (!member || member->state != kActive)
    return fail(Code::Revoked, "This session's member was removed.", "member_removed");
  return check_not_withheld(session.member);
}

Result<OpenedKey> Vault::State::open_for(const store::Session& session, const store::Grant& grant) {
  STRONGROOM_TRY(const auto key, by_id<store::Key>(grant.key));
  const bool is_theirs =
      key && key->tenant == session.tenant && (!key->owner || *key->owner == session.member);
  if (!is_theirs)
    return fail(Code::Refused, "This key does not serve this session.", "key_not_granted");
  if (is_revoked(*key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
  STRONGROOM_TRY(const auto version, current_version(*key));
  if (version.not_after != 0 && now() >= version.not_after)
    return fail(Code::Expired, "This key's time is over.", "key_expired");
  STRONGROOM_CHECKED(check_login(key->id));
  OpenedKey opened;
  opened.tenant = session.tenant;
  opened.member = session.member;
  opened.session = session.id;
  opened.grant = grant.id;
  opened.key = key->id;
  opened.version = static_cast<std::uint32_t>(key->version);
  opened.service = key->service;
  opened.label = key->label;
  STRONGROOM_TRY(opened.settings, settings_of(key->settings));
  opened.key_is_rejected = key->state == kRejected;
  if (!grant.pass_hash.empty()) {
    STRONGROOM_TRY(opened.policies, policies_for(*key));
    STRONGROOM_TRY(opened.passes, passes_of(session.id));
  }
  if (is_dynamic(opened.settings)) {
    STRONGROOM_CHECKED(put_session_credential(opened));
    return opened;
  }
  STRONGROOM_TRY(opened.value, hierarchy.open(*key, version));
  return opened;
}

/// Whatever would open something to who holds it: the passes, and the proxy's credential.
Result<std::vector<PassMark>> Vault::State::passes_of(SessionId session) {
  STRONGROOM_TRY(const auto grants,
                 store.list<store::Grant>({{"session", store::to_value(session)}}));
  std::vector<PassMark> marks;
  for (const auto& grant : grants) {
    PassMark mark;
    if (grant.pass_hash.size() != mark.hash.size()) continue;
    STRONGROOM_TRY(const auto* kind, service(grant.service));
    mark.prefix = kind->pass_prefix;
    std::ranges::copy(grant.pass_hash, mark.hash.begin());
    marks.push_back(std::move(mark));
  }
  const std::string proxy = crypto::to_text(crypto::proxy_credential(link_key, session));
  marks.push_back({std::string(crypto::kProxyCredentialPrefix),
                   crypto::sha256(bytes_of(std::string_view(proxy)))});
  return marks;
}

Result<OpenedKey> Vault::open_by_pass(ByteView pass_hash, std::string_view service) {
  auto& state = *state_;
  const auto unknown = [] {
    return fail(Code::Unauthorized, "This pass is not known here.", "pass_unknown");
  };
  if (pass_hash.empty()) return unknown();
  STRONGROOM_TRY(const auto grant,
                 state.store.find<store::Grant>(
                     {{"pass_hash", ByteVector(pass_hash.begin(), pass_hash.end())}}));
  if (!grant) return unknown();
  if (grant->service != service) return std::unexpected(state.why_not(*grant, service));
  STRONGROOM_TRY(const auto session, state.by_id<store::Session>(grant->session));
  if (!session) return unknown();
  STRONGROOM_TRY(const auto key, state.by_id<store::Key>(grant->key));
  // A revoked key is named as such even where the session has ended with it.
  if (key && state.is_revoked(*key))
    return fail(Code::Revoked, "This key was revoked.", "key_revoked");
  STRONGROOM_CHECKED(state.check_session(*session));
  return state.open_for(*session, *grant);
}

SessionId Vault::session_of_pass(ByteView pass_hash) const {
  if (pass_hash.empty()) return {};
  const auto grant = state_->store.find<store::Grant>(
      {{"pass_hash", ByteVector(pass_hash.begin(), pass_hash.end())}});
  return grant && *grant ? (*grant)->session : SessionId();
}

Result<std::vector<OpenedKey>> Vault::open_injected(SessionId id) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto session, state.session(id));
  STRONGROOM_CHECKED(state.check_session(session));
  STRONGROOM_TRY(const auto grants,
                 state.store.list<store::Grant>({{"session", store::to_value(id)}}));
  std::vector<OpenedKey> opened;
  for (const auto& grant : grants) {
    if (!grant.pass_hash.empty()) continue;
    STRONGROOM_TRY(auto key, state.open_for(session, grant));
    opened.push_back(std::move(key));
  }
  return opened;
}

bool Vault::is_renewing(SessionId id) const {
  const auto& logins = state_->logins;
  if (logins.refreshing.empty()) return false;
  const auto grants = state_->store.list<store::Grant>({{"session", store::to_value(id)}});
  return grants && std::ranges::any_of(*grants, [&](const store::Grant& grant) {
           const auto login = logins.grants.find(grant.key);
           return grant.pass_hash.empty() && login != logins.grants.end() &&
                  logins.refreshing.contains(login->second.id);
         });
}

Result<OpenedKey> Vault::open_proxy(ByteView credential, std::string_view source) {
  auto& state = *state_;
  const auto id = crypto::session_of(state.link_key, credential);
  if (!id) return fail(Code::Unauthorized, "This proxy credential is not known.", "pass_unknown");
  STRONGROOM_TRY(const auto session, state.session(*id));
  STRONGROOM_CHECKED(state.check_session(session));
  const auto first = state.proxy_sources.try_emplace(session.id, source).first;
  if (first->second != source)
    return fail(Code::Refused, "This proxy credential is in use elsewhere.", "proxy_elsewhere");
  OpenedKey opened;
  opened.tenant = session.tenant;
  opened.member = session.member;
  opened.session = session.id;
  STRONGROOM_TRY(const auto grants,
                 state.store.list<store::Grant>({{"session", store::to_value(session.id)}}));
  for (const auto& grant : grants) {
    STRONGROOM_TRY(const auto key, state.by_id<store::Key>(grant.key));
    if (!key || state.is_revoked(*key)) continue;
    STRONGROOM_TRY(const auto* service, state.service(grant.service));
    STRONGROOM_TRY(const auto settings, settings_of(key->settings));
    add_places(*service, settings, opened.settings);
  }
  STRONGROOM_TRY(opened.passes, state.passes_of(session.id));
  STRONGROOM_TRY(const auto tunnels, state.tunnels_of(session.tenant));
  for (const auto& place : tunnels) opened.settings.emplace_back("tunnel", place);
  return opened;
}

bool Vault::was_given(SessionId session, KeyId key) const {
  const auto grants = state_->store.list<store::Grant>(
      {{"session", store::to_value(session)}, {"key", store::to_value(key)}});
  return !grants || std::ranges::any_of(
                        *grants, [](const store::Grant& grant) { return grant.pass_hash.empty(); });
}

bool Vault::may_continue(SessionId session, KeyId key) const {
  const bool is_proxy = key.is_none() && !session.is_none();
  if (!is_proxy && (!state_->live_keys.contains(key) || state_->is_expired(key))) return false;
  if (session.is_none()) return true;  // a check: no session
  const auto found = state_->open_sessions.find(session);
  return found != state_->open_sessions.end() && state_->clock.wall() < found->second;
}

}  // namespace strongroom::vault
