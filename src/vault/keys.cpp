// Keys: adding, listing, rotating, and what providers say of them. SPDX-License-Identifier:
// Apache-2.0
#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "vault/state.h"
#include "vault/values.h"

namespace strongroom::vault {
namespace {

audit::Act facts_of(const store::Key& key) {
  audit::Act act;
  act.tenant = key.tenant;
  act.member = key.owner.value_or(MemberId());
  act.key = key.id;
  act.service = key.service;
  act.detail = "label " + key.label + ", version " + std::to_string(key.version);
  return act;
}

/// The home that was asked for, if the service allows it. There is no way to ask for another
/// delivery.
Result<catalog::Home> home_of(const catalog::Service& service, const NewKey& wanted) {
  const auto home = wanted.member.empty() ? catalog::Home::Skill : catalog::Home::Integration;
  if (std::ranges::find(service.homes, home) != service.homes.end()) return home;
  if (home == catalog::Home::Skill)
    return fail(Code::Refused,
                "A key of " + service.title + " belongs to one member: say which one (--member).",
                "home_not_allowed");
  return fail(Code::Refused,
              "A key of " + service.title + " belongs to the tenant, not to a member.",
              "home_not_allowed");
}

Result<std::int64_t> checked_end(std::optional<WallTime> expires, std::int64_t now) {
  if (!expires) return 0;
  if (to_micros(*expires) > now) return to_micros(*expires);
  return fail(Code::Invalid, "The time after which the key is not used is over already.");
}

/// What people are told: how it is worst.
std::string_view state_of(const store::Key& key, bool is_revoked, bool needs_login,
                          std::optional<WallTime> end, std::int64_t now) {
  if (is_revoked) return kRevoked;
  if (needs_login) return kNeedsLogin;
  if (end && to_micros(*end) <= now) return kExpired;
  if (key.state != kActive || !end) return key.state;
  return to_micros(*end - kExpiringSoon) <= now ? kExpiring : kActive;
}

}  // namespace

Result<KeyView> Vault::State::view(const store::Key& key) {
  KeyView view;
  view.id = key.id;
  STRONGROOM_TRY(view.tenant, tenant_name(key.tenant));
  view.service = key.service;
  view.label = key.label;
  view.delivery = catalog::name_of(static_cast<catalog::Delivery>(key.delivery));
  view.home = catalog::name_of(static_cast<catalog::Home>(key.home));
  if (key.owner) {
    STRONGROOM_TRY(view.owner, member_name(*key.owner));
  }
  if (const auto end = key_ends.find(key.id); end != key_ends.end() && !is_revoked(key))
    view.expires = from_micros(end->second);
  const auto grant = logins.grants.find(key.id);
  view.is_login = grant != logins.grants.end();
  view.state = state_of(key, is_revoked(key), view.is_login && grant->second.needs_login,
                        view.expires, now());
  view.version = static_cast<std::uint32_t>(key.version);
  view.created = from_micros(key.created);
  view.changed = from_micros(key.changed);
  if (const auto used = last_used.find(key.id); used != last_used.end())
    view.last_used = used->second;
  view.last_characters = key.last_characters;
  STRONGROOM_TRY(view.settings, settings_of(key.settings));
  view.is_checked = !is_revoked(key) && is_checked(key);
  return view;
}

Result<KeyView> Vault::add_key(const Actor& actor, const NewKey& wanted, Secret value) {
  return state_->add_key(actor, wanted, std::move(value), {});
}

Status Vault::State::need_free_label(const store::Key& key) {
  STRONGROOM_TRY(const auto others, store.list<store::Key>({{"tenant", store::to_value(key.tenant)},
                                                            {"service", key.service}}));
  const bool is_taken = std::ranges::any_of(others, [&](const store::Key& other) {
    return other.state != kRevoked && other.label == key.label && other.owner == key.owner;
  });
  if (!is_taken) return {};
  return fail(Code::Conflict, "There is a key of '" + key.service + "' with the label '" +
                                  key.label + "' already: rotate it, or give another label.");
}

/// `beside`: what a login puts into the same transaction.
Result<KeyView> Vault::State::add_key(const Actor& actor, const NewKey& wanted, Secret value,
                                      const std::function<Status(const store::Key&)>& beside) {
  STRONGROOM_TRY(const auto* service, this->service(wanted.service));
  store::Key key;
  STRONGROOM_TRY(key.label, checked_name("label", wanted.label));
  STRONGROOM_TRY(const auto home, home_of(*service, wanted));
  STRONGROOM_CHECKED(check_value(*service, value));
  STRONGROOM_TRY(const auto settings, check_settings(*service, wanted.settings));
  STRONGROOM_CHECKED(check_dynamic(service->id, settings, value));
  key.id = crypto::random_id<KeyId>();
  key.service = service->id;
  key.delivery = static_cast<std::int64_t>(service->delivery);
  key.home = static_cast<std::int64_t>(home);
  key.state = kActive;
  key.version = 1;
  key.created = key.changed = now();
  key.last_characters = last_characters_of(*service, value);
  key.settings = settings_text(settings);
  store::KeyVersion version;
  STRONGROOM_TRY(version.not_after, checked_end(wanted.expires, key.created));
  STRONGROOM_CHECKED(commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, this->tenant(actor, wanted.tenant));
    key.tenant = tenant.id;
    STRONGROOM_CHECKED(refuse_pass(value));
    if (home == catalog::Home::Integration) {
      STRONGROOM_TRY(const auto owner, member(tenant, wanted.member));
      key.owner = owner.id;
    }
    STRONGROOM_CHECKED(need_to_keep(actor, key.owner));
    STRONGROOM_CHECKED(need_free_label(key));
    version.key = key.id;
    version.version = 1;
    version.created = key.created;
    STRONGROOM_CHECKED(hierarchy.seal(key, version, value));
    STRONGROOM_CHECKED(store.insert(key));
    STRONGROOM_CHECKED(store.insert(version));
    if (beside) STRONGROOM_CHECKED(beside(key));
    return act(actor, beside ? "key.login" : "key.add", facts_of(key));
  }));
  live_keys.insert(key.id);
  note_end(version);
  return view(key);
}

Result<std::vector<KeyView>> Vault::list_keys(const Actor& actor, std::string_view tenant_name) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant_name));
  STRONGROOM_TRY(const auto keys, state.store.list<store::Key>(where));
  std::vector<KeyView> views;
  views.reserve(keys.size());
  for (const auto& key : keys) {
    if (!state.sees(actor, key)) continue;
    STRONGROOM_TRY(auto view, state.view(key));
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &KeyView::created);
  return views;
}

Result<KeyView> Vault::show_key(const Actor& actor, KeyId id) {
  STRONGROOM_TRY(const auto key, state_->key(actor, id));
  return state_->view(key);
}

Result<KeyView> Vault::rotate_key(const Actor& actor, KeyId id, Secret value,
                                  std::optional<WallTime> expires) {
  auto& state = *state_;
  store::Key key;
  store::KeyVersion version;
  STRONGROOM_TRY(version.not_after, checked_end(expires, state.now()));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(key, state.key(actor, id));
    STRONGROOM_CHECKED(state.need_to_keep(actor, key.owner));
    if (state.is_revoked(key))
      return fail(Code::Revoked, "This key was revoked: add a new one instead.", "key_revoked");
    if (state.logins.grants.contains(id))
      return fail(Code::Conflict, "This key is a login, and renews itself.", "key_is_login");
    STRONGROOM_TRY(const auto* service, state.service(key.service));
    STRONGROOM_CHECKED(check_value(*service, value));
    STRONGROOM_CHECKED(state.refuse_pass(value));
    STRONGROOM_TRY(const auto settings, settings_of(key.settings));
    STRONGROOM_CHECKED(check_dynamic(key.service, settings, value));
    STRONGROOM_TRY(auto old, state.current_version(key));
    key.version += 1;
    key.state = kActive;
    key.changed = state.now();
    key.last_characters = last_characters_of(*service, value);
    version.key = key.id;
    version.version = key.version;
    version.created = key.changed;
    STRONGROOM_CHECKED(state.hierarchy.seal(key, version, value));
    // Nobody opens an old version again: holders finish with what they have.
    old.record.clear();
    STRONGROOM_CHECKED(state.store.update(old));
    STRONGROOM_CHECKED(state.store.insert(version));
    STRONGROOM_CHECKED(state.store.update(key));
    STRONGROOM_CHECKED(state.renew_means(key.id, value));
    return state.act(actor, "key.rotate", facts_of(key));
  }));
  state.note_end(version);
  if (state.fences != nullptr) state.fences->refresh(id);
  if (const auto forgotten = state.store.forget_overwritten(); !forgotten)
    log(LogLevel::Warning, "log_not_emptied", {{"why", forgotten.error().message}});
  STRONGROOM_CHECKED(state.anchoring.anchored());
  state.tell_key(id);
  return state.view(key);
}

Result<OpenedKey> Vault::open_for_check(const Actor& actor, KeyId id) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto key, state.key(actor, id));
  STRONGROOM_CHECKED(state.need_to_keep(actor, key.owner));
  if (state.is_revoked(key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
  if (state.is_expired(id)) return fail(Code::Expired, "This key's time is over.", "key_expired");
  STRONGROOM_CHECKED(state.check_login(id));
  STRONGROOM_TRY(const auto* service, state.service(key.service));
  if (service->check.method.empty())
    return fail(Code::Unsupported,
                "A key of " + service->title + " cannot be checked: " +
                    (service->delivery == catalog::Delivery::Proxied
                         ? "no call is known that tells whether such a key is good."
                         : "its provider is not asked over HTTP."),
                "check_unsupported");
  STRONGROOM_TRY(const auto version, state.current_version(key));
  OpenedKey opened;
  opened.tenant = key.tenant;
  opened.key = key.id;
  opened.version = static_cast<std::uint32_t>(key.version);
  opened.service = key.service;
  opened.label = key.label;
  STRONGROOM_TRY(opened.settings, settings_of(key.settings));
  opened.key_is_rejected = key.state == kRejected;
  STRONGROOM_TRY(opened.value, state.hierarchy.open(key, version));
  STRONGROOM_CHECKED(state.act(actor, "key.check", facts_of(key)));
  return opened;
}

Status Vault::note_verdict(KeyId id, std::uint32_t version, bool accepted, int provider_status) {
  auto& state = *state_;
  const std::string_view wanted = accepted ? kActive : kRejected;
  // Most words change nothing: no transaction for those.
  STRONGROOM_TRY(const auto known, state.key(id));
  if (known.state == kRevoked || known.version != version || known.state == wanted) return {};
  bool has_changed = false;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(auto key, state.key(id));
    // A late word about an older version, or about a key that is off, changes nothing.
    if (key.state == kRevoked || key.version != version || key.state == wanted) return {};
    key.state = wanted;
    key.changed = state.now();
    STRONGROOM_CHECKED(state.store.update(key));
    auto facts = facts_of(key);
    facts.detail += ", provider's status " + std::to_string(provider_status);
    has_changed = true;
    return state.act(Actor::installation("provider"), accepted ? "key.accepted" : "key.rejected",
                     std::move(facts));
  }));
  if (has_changed && !accepted) state.hasten_refresh(id);
  // Leases carry what was known of the key: they are taken anew, so that the next change is noticed
  // as well.
  if (has_changed && state.fences != nullptr) state.fences->refresh(id);
  if (has_changed) state.tell_key(id);
  return {};
}

}  // namespace strongroom::vault
