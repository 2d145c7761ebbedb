// Sessions: starting, showing. Ending is in revocation.cpp. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "crypto/crypto.h"
#include "crypto/session_credentials.h"
#include "io/authority/session_authority.h"
#include "vault/credentials.h"
#include "vault/session_terms.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kMaxGrants = 64;
constexpr std::chrono::hours kSlack{24};
constexpr std::string_view kAuditor = "auditor";

/// A session while it is being made.
struct Draft {
  store::Session session;
  std::vector<store::Grant> grants;
  StartedSession started;
};

}  // namespace

Result<SessionProxy> Vault::State::proxy_of(SessionId session) const {
  const Secret seed = crypto::session_authority_seed(link_key, session);
  STRONGROOM_TRY(const auto authority,
                 io::SessionAuthority::from_seed(
                     seed, {session.text(), clock.wall(), kLongestSession + kSlack}));
  return SessionProxy{crypto::to_text(crypto::proxy_credential(link_key, session)),
                      authority.certificate_pem()};
}

Result<SessionView> Vault::State::view(const store::Session& session) {
  SessionView view;
  view.id = session.id;
  STRONGROOM_TRY(view.tenant, tenant_name(session.tenant));
  STRONGROOM_TRY(view.member, member_name(session.member));
  view.state = session.state;
  view.runtime = session.runtime;
  view.started = from_micros(session.started);
  if (session.ended != 0) view.ended = from_micros(session.ended);
  view.expires = from_micros(session.expires);
  view.ended_why = session.ended_why;
  STRONGROOM_TRY(const auto terms, terms_of(session.id));
  view.idle_limit = std::chrono::seconds(terms.idle_seconds);
  STRONGROOM_TRY(view.labels, settings_of(terms.labels));
  view.seen = activity.seen(session.id);
  if (const auto unstored = unstored_ends.find(session.id); unstored != unstored_ends.end()) {
    view.state = kEnded;
    view.ended_why = unstored->second;
  }
  STRONGROOM_TRY(const auto grants,
                 store.list<store::Grant>({{"session", store::to_value(session.id)}}));
  for (const auto& grant : grants) {
    const std::string delivery(catalog::name_of(
        grant.pass_hash.empty() ? catalog::Delivery::Injected : catalog::Delivery::Proxied));
    view.grants.push_back({grant.id, grant.service, grant.label, grant.key, delivery});
  }
  std::ranges::sort(view.grants, {}, &GrantView::service);
  STRONGROOM_TRY(view.credentials, dynamic_views({{"session", store::to_value(session.id)}}));
  return view;
}

Result<StartedSession> Vault::start_session(const Actor& actor, const SessionRequest& request) {
  auto& state = *state_;
  STRONGROOM_CHECKED(check_terms(request));
  if (request.runtime.empty() || request.runtime.size() > 32)
    return fail(Code::Invalid, "The runtime's name is not one that we know.");
  Draft draft;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, request.tenant));
    STRONGROOM_TRY(const auto member, state.member(tenant, request.member));
    STRONGROOM_CHECKED(state.need_to_run_for(actor, member));
    STRONGROOM_CHECKED(state.check_not_withheld(member.id));
    if (member.role == kAuditor)
      return fail(Code::Refused, "An auditor reads the record and runs no sessions.",
                  "role_not_allowed");
    STRONGROOM_TRY(const auto wishes, state.wishes_of(tenant, request));
    if (wishes.size() > kMaxGrants) return fail(Code::TooLarge, "A session has at most 64 keys.");
    auto& session = draft.session;
    session.id = crypto::random_id<SessionId>();
    session.tenant = tenant.id;
    session.member = member.id;
    session.state = kOpen;
    session.runtime = request.runtime;
    session.started = state.now();
    session.expires = session.started + std::chrono::microseconds(request.time_limit).count();
    STRONGROOM_CHECKED(state.store.insert(session));
    STRONGROOM_CHECKED(state.put_terms(session.id, request));
    std::string granted;
    for (const auto& wish : wishes) {
      STRONGROOM_TRY(const auto key, state.choose(tenant, member, wish));
      if (std::ranges::find(draft.grants, key.id, &store::Grant::key) != draft.grants.end())
        continue;
      STRONGROOM_TRY(const auto* service, state.service(key.service));
      STRONGROOM_TRY(auto settings, settings_of(key.settings));
      store::Grant grant{
          crypto::random_id<GrantId>(), session.id, key.id, key.service, key.label, {}};
      if (key.delivery == static_cast<std::int64_t>(catalog::Delivery::Proxied)) {
        IssuedPass issued{grant.id, key.service, key.label, make_credential(service->pass_prefix),
                          std::move(settings)};
        grant.pass_hash = kept_hash(issued.pass);
        draft.started.passes.push_back(std::move(issued));
      } else {
        if (is_dynamic(settings))
          STRONGROOM_CHECKED(state.plan_credential(session.id, key, settings));
        draft.started.injected.push_back({grant.id, key.service, key.label, std::move(settings),
                                          state.logins.grants.contains(key.id)});
      }
      STRONGROOM_CHECKED(state.store.insert(grant));
      granted += (granted.empty() ? "" : " ") + key.service + ":" + key.label;
      draft.grants.push_back(std::move(grant));
    }
    if (request.wants_runner) {
      STRONGROOM_TRY(draft.started.runner_credential, state.make_runner_credential(session.id));
    }
    audit::Act act;
    act.tenant = tenant.id;
    act.member = member.id;
    act.session = session.id;
    act.detail = std::move(granted);
    return state.act(actor, "session.start", std::move(act));
  }));
  state.open_sessions.insert_or_assign(draft.session.id, from_micros(draft.session.expires));
  state.activity.begin(draft.session.id, request.idle_limit,
                       {state.clock.steady(), state.clock.wall()});
  STRONGROOM_TRY(draft.started.session, state.view(draft.session));
  STRONGROOM_TRY(draft.started.proxy, state.proxy_of(draft.session.id));
  state.tell_started(draft.session, draft.started.session);
  return std::move(draft.started);
}

Result<std::vector<SessionView>> Vault::list_sessions(const Actor& actor,
                                                      const SessionFilter& filter) {
  STRONGROOM_TRY(const auto sessions, state_->filtered(actor, filter));
  std::vector<SessionView> views;
  for (const auto& session : sessions) {
    STRONGROOM_TRY(auto view, state_->view(session));
    views.push_back(std::move(view));
  }
  return views;
}

TenantId Vault::tenant_of(SessionId id) const {
  const auto row = state_->session(id);
  return row ? row->tenant : TenantId();
}

Result<SessionView> Vault::show_session(const Actor& actor, SessionId id) {
  STRONGROOM_TRY(const auto session, state_->session(actor, id));
  return state_->view(session);
}

Result<std::vector<SessionId>> Vault::expired_sessions() {
  std::vector<SessionId> expired;
  const auto now = state_->clock.wall();
  for (const auto& [id, expires] : state_->open_sessions)
    if (now >= expires) expired.push_back(id);
  return expired;
}

}  // namespace strongroom::vault
