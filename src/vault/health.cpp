// SPDX-License-Identifier: Apache-2.0
#include "vault/health.h"

#include <algorithm>
#include <array>

#include "crypto/crypto.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// From one attempt to the next; after the last it is given up.
constexpr std::array<seconds, 9> kPauses{seconds(5), minutes(5), minutes(30), hours(2), hours(5),
                                         hours(10),  hours(14),  hours(20),   hours(24)};
/// What is more is not kept: whoever takes none for days has no use for thousands.
constexpr std::int64_t kMostNotices = 1000;
/// Keys that were revoked longer ago are no news.
constexpr hours kNews{24};

store::Where of(const std::string& subject) {
  return {{"subject", subject}};
}

}  // namespace

Result<store::Health> Vault::State::health_of(const std::string& subject) {
  STRONGROOM_TRY(auto found, store.find<store::Health>(of(subject)));
  return found ? std::move(*found) : store::Health{subject, 1, std::string(kActive)};
}

Status Vault::State::put_health(const store::Health& row) {
  STRONGROOM_TRY(const auto found, store.find<store::Health>(of(row.subject)));
  return found ? store.update(row) : store.insert(row);
}

bool Vault::State::is_checked(const store::Key& key) const {
  const auto wanted = service(key.service);
  return wanted && !(*wanted)->check.method.empty() && !unchecked.contains(key.id.text()) &&
         !unchecked.contains(key.tenant.text());
}

void Vault::State::note_checks(const store::Health& row) {
  if (row.checks == 0)
    unchecked.insert(row.subject);
  else
    unchecked.erase(row.subject);
}

Status Vault::State::load_health() {
  STRONGROOM_TRY(const auto rows, store.list<store::Health>());
  unchecked.clear();
  for (const auto& row : rows) note_checks(row);
  return {};
}

Result<HealthPage> Vault::health_page(std::int64_t after, std::size_t limit) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto page, state.store.page<store::Key>({}, after, limit));
  HealthPage out;
  out.next = page.rows.size() < limit ? 0 : page.next;
  const auto news = state.now() - to_micros(WallTime(kNews));
  for (const auto& key : page.rows) {
    const bool is_over = state.is_revoked(key);
    if (is_over && key.changed < news) continue;
    STRONGROOM_TRY(const auto view, state.view(key));
    STRONGROOM_TRY(const auto known, state.health_of(key.id.text()));
    KeyHealth health{key.id,     view.tenant, view.service, view.label,
                     view.owner, view.state,  known.told,   view.expires};
    health.is_checked = view.is_checked && view.state != kExpired;
    out.keys.push_back(std::move(health));
  }
  return out;
}

Status Vault::tell_health(KeyId key, const std::string& told, const std::vector<NewNotice>& list) {
  auto& state = *state_;
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(auto health, state.health_of(key.text()));
    health.told = told;
    STRONGROOM_CHECKED(state.put_health(health));
    STRONGROOM_TRY(const auto waiting, state.store.count<store::Notice>({}));
    if (waiting + static_cast<std::int64_t>(list.size()) > kMostNotices) return {};
    for (const auto& each : list) {
      store::Notice row;
      row.id = crypto::random_id<NoticeId>();
      row.hook = each.hook;
      row.body = each.body;
      row.created = row.next = state.now();
      STRONGROOM_CHECKED(state.store.insert(row));
    }
    return {};
  });
}

Result<std::vector<DueNotice>> Vault::due_notices() {
  auto& state = *state_;
  STRONGROOM_TRY(const auto rows, state.store.list<store::Notice>());
  std::vector<DueNotice> out;
  for (const auto& row : rows)
    if (row.next <= state.now()) out.push_back({row.id, row.hook, row.body});
  return out;
}

Status Vault::note_notice(NoticeId id, bool is_taken) {
  auto& state = *state_;
  return state.commit([&]() -> Status {
    const store::Where same{{"id", store::to_value(id)}};
    STRONGROOM_TRY(auto row, state.store.find<store::Notice>(same));
    if (!row) return {};
    const bool is_last = static_cast<std::size_t>(row->attempts) >= kPauses.size();
    if (is_taken || is_last) {
      STRONGROOM_TRY([[maybe_unused]] const int erased, state.store.erase<store::Notice>(same));
      return {};
    }
    const seconds pause = kPauses[static_cast<std::size_t>(row->attempts)];
    row->next = state.now() + std::chrono::microseconds(pause).count();
    ++row->attempts;
    return state.store.update(*row);
  });
}

Result<KeyView> Vault::switch_key_checks(const Actor& actor, KeyId id, bool is_on) {
  auto& state = *state_;
  store::Key key;
  store::Health health;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(key, state.key(actor, id));
    STRONGROOM_CHECKED(state.need_to_keep(actor, key.owner));
    STRONGROOM_TRY(health, state.health_of(id.text()));
    health.checks = is_on ? 1 : 0;
    STRONGROOM_CHECKED(state.put_health(health));
    audit::Act act;
    act.tenant = key.tenant;
    act.key = key.id;
    act.service = key.service;
    act.detail = is_on ? "on" : "off";
    return state.act(actor, "key.checks", std::move(act));
  }));
  state.note_checks(health);
  return state.view(key);
}

Result<TenantView> Vault::switch_tenant_checks(const Actor& actor, std::string_view name,
                                               bool is_on) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Administer));
  TenantView view;
  store::Health health;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, name));
    STRONGROOM_TRY(health, state.health_of(tenant.id.text()));
    health.checks = is_on ? 1 : 0;
    STRONGROOM_CHECKED(state.put_health(health));
    view = {tenant.id, tenant.name, tenant.state, from_micros(tenant.created)};
    audit::Act act;
    act.tenant = tenant.id;
    act.detail = is_on ? "on" : "off";
    return state.act(actor, "tenant.checks", std::move(act));
  }));
  state.note_checks(health);
  return view;
}

}  // namespace strongroom::vault
