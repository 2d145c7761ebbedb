// Credentials made for one session: the row is written before anything is made, so that no crash
// leaves one unknown; what is due to be destroyed follows from the rows and from what lives, so
// that whatever ends a session, or revokes a key, needs to say nothing about it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/encoding.h"
#include "catalog/settings.h"
#include "crypto/crypto.h"
#include "crypto/password_verifiers.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kMinting = "minting";
constexpr std::string_view kLive = "live";
constexpr std::string_view kDestroyed = "destroyed";
constexpr std::string_view kExposed = "still_exposed";
constexpr std::size_t kPasswordOctets = 32;

Secret random_password() {
  std::array<std::uint8_t, kPasswordOctets> octets{};
  crypto::random(octets);
  std::string text = to_base64url(octets);
  Secret password(bytes_of(text));
  wipe(text.data(), text.size());
  wipe(octets.data(), octets.size());
  return password;
}

std::string random_name(const dynamic::SourceFacts& source) {
  std::array<std::uint8_t, 8> octets{};
  crypto::random(octets);
  return std::string(source.name_start) + to_hex(octets);
}

std::string place_of_value(DynamicId id) {
  return "dynamic value " + id.text();
}
std::string place_of_means(DynamicId id) {
  return "dynamic means " + id.text();
}

/// That say how what is made for a session is made.
constexpr std::array<std::string_view, 5> kMakingSettings = {"dynamic", "grant_role", "template",
                                                             "owned", "tags"};

/// What the workroom is told of such a key: what was made for it, and nothing of how.
Settings shown_settings(const Settings& settings, const dynamic::SourceFacts& source,
                        const std::string& name) {
  Settings out;
  for (const auto& [setting, value] : settings) {
    const bool is_of_making = std::ranges::find(kMakingSettings, setting) != kMakingSettings.end();
    if (!is_of_making && setting != source.name_setting) out.emplace_back(setting, value);
  }
  out.emplace_back(source.name_setting, name);
  return out;
}

/// "tag:one,tag:two", as Tailscale lets tags be called.
bool are_tags(std::string_view text) {
  constexpr std::string_view kStart = "tag:";
  while (true) {
    const std::string_view tag = text.substr(0, text.find(','));
    const auto name = tag.starts_with(kStart) ? tag.substr(kStart.size()) : std::string_view();
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto may_follow = [&](char c) {
      return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
    };
    if (name.empty() || !is_letter(name.front()) || !std::ranges::all_of(name, may_follow))
      return false;
    if (tag.size() == text.size()) return true;
    text.remove_prefix(tag.size() + 1);
  }
}

/// A client of Tailscale's OAuth makes keys for what has tags alone.
Status check_tailscale(const Settings& settings, const Secret& value) {
  if (!are_tags(catalog::setting_of(settings, "tags")))
    return fail(Code::Invalid,
                "Say under which tags the sessions' devices join: --set tags=tag:agents, or "
                "several with commas between.");
  const bool is_client =
      value.reveal([](ByteView octets) { return text_of(octets).starts_with("tskey-client-"); });
  if (!is_client)
    return fail(Code::Invalid,
                "With --dynamic the value is the secret of an OAuth client: tskey-client-...");
  return {};
}

}  // namespace

bool is_dynamic(const Settings& settings) {
  return catalog::setting_of(settings, "dynamic") == "yes";
}

Status check_dynamic(std::string_view service, const Settings& settings, const Secret& value) {
  const auto given = [&](std::string_view name) {
    return !catalog::setting_of(settings, name).empty();
  };
  if (!is_dynamic(settings)) {
    if (given("grant_role") || given("template") || given("owned") || given("tags"))
      return fail(Code::Invalid,
                  "A role, a template, tags and what becomes of owned things are for keys that are "
                  "dynamic: add --dynamic.");
    return {};
  }
  STRONGROOM_TRY(const auto source, dynamic::facts_of(service));
  if (source.source == dynamic::Source::Tailscale) return check_tailscale(settings, value);
  STRONGROOM_TRY([[maybe_unused]] const auto text,
                 dynamic::fill_template(catalog::setting_of(settings, "template"), {}));
  const std::string_view owned = catalog::setting_of(settings, "owned");
  if (!owned.empty() && owned != "reassign" && owned != "drop")
    return fail(Code::Invalid, "The setting 'owned' is reassign or drop.");
  return {};
}

/// In the transaction that starts the session.
Status Vault::State::plan_credential(SessionId session, const store::Key& key, Settings& settings) {
  STRONGROOM_TRY(const auto version, current_version(key));
  STRONGROOM_TRY(const Secret administrator, hierarchy.open(key, version));
  STRONGROOM_TRY(const auto source, dynamic::facts_of(key.service));
  store::Dynamic row;
  row.id = crypto::random_id<DynamicId>();
  row.session = session;
  row.key = key.id;
  row.name = random_name(source);
  row.state = kMinting;
  if (!source.chooses_value)
    row.value = hierarchy.seal_own(place_of_value(row.id), random_password());
  row.means = hierarchy.seal_own(place_of_means(row.id), administrator);
  row.created = row.changed = now();
  STRONGROOM_CHECKED(store.insert(row));
  settings = shown_settings(settings, source, row.name);
  // Not due while the start of its session is about to make it.
  making.insert(row.id);
  return {};
}

/// In place of the administrator's credential, which never leaves the vault for a workroom.
Status Vault::State::put_session_credential(OpenedKey& opened) {
  STRONGROOM_TRY(const auto rows,
                 store.list<store::Dynamic>({{"session", store::to_value(opened.session)},
                                             {"key", store::to_value(opened.key)}}));
  const auto row = std::ranges::find(rows, kLive, &store::Dynamic::state);
  if (row == rows.end())
    return fail(Code::Unavailable, "This session's own credential is not there.",
                "credential_not_made");
  STRONGROOM_TRY(const auto source, dynamic::facts_of(opened.service));
  opened.settings = shown_settings(opened.settings, source, row->name);
  STRONGROOM_TRY(opened.value, hierarchy.open_own(place_of_value(row->id), row->value));
  return {};
}

/// With a new version of its key, what was made by the old one is destroyed by the new one.
Status Vault::State::renew_means(KeyId key, const Secret& administrator) {
  STRONGROOM_TRY(auto rows, store.list<store::Dynamic>({{"key", store::to_value(key)}}));
  for (auto& row : rows) {
    if (row.state == kDestroyed) continue;
    row.means = hierarchy.seal_own(place_of_means(row.id), administrator);
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

/// For a new root key.
Status Vault::State::rewrap_credentials_in_transaction(const Hierarchy& next) {
  const auto rewrap = [&](const std::string& place, ByteVector& sealed) -> Status {
    if (sealed.empty()) return {};
    STRONGROOM_TRY(sealed, hierarchy.rewrap_own(place, sealed, next));
    return {};
  };
  STRONGROOM_TRY(auto rows, undestroyed());
  for (auto& row : rows) {
    STRONGROOM_CHECKED(rewrap(place_of_value(row.id), row.value));
    STRONGROOM_CHECKED(rewrap(place_of_means(row.id), row.means));
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

Result<std::vector<store::Dynamic>> Vault::State::undestroyed() {
  STRONGROOM_TRY(auto rows, store.list<store::Dynamic>({{"state", std::string(kMinting)}}));
  STRONGROOM_TRY(auto live, store.list<store::Dynamic>({{"state", std::string(kLive)}}));
  std::ranges::move(live, std::back_inserter(rows));
  return rows;
}

bool Vault::State::is_due(const store::Dynamic& row) const {
  if (row.state == kDestroyed || making.contains(row.id)) return false;
  return row.state == kMinting || !open_sessions.contains(row.session) ||
         !live_keys.contains(row.key);
}

/// What was made for its sessions and by its keys, what its keys are there themselves, and the
/// services of the keys of which nothing is to be ended there.
Status Vault::State::note_credentials(Undertaking& undertaking) {
  STRONGROOM_TRY(const auto rows, undestroyed());
  for (const auto& row : rows) {
    const bool is_target = std::ranges::any_of(undertaking.targets, [&](const FenceTarget& target) {
      return target.id == (target.kind == FenceKind::Key ? row.key.bytes() : row.session.bytes());
    });
    if (is_target) undertaking.credentials.push_back(row.id);
  }
  for (const auto& [key, service] : undertaking.keys) {
    const store::Where of_key{{"key", store::to_value(key)}};
    STRONGROOM_TRY(const auto grants, store.list<store::OAuthGrant>(of_key));
    for (const auto& row : grants) undertaking.credentials.push_back(row.id);
    STRONGROOM_TRY(const auto values, store.list<store::Destruction>(of_key));
    for (const auto& row : values) undertaking.credentials.push_back(row.id);
    if (grants.empty() && values.empty()) undertaking.left_at_source.push_back(service);
  }
  return {};
}

DynamicView Vault::State::view(const store::Dynamic& row) const {
  DynamicView view{row.id, row.session, row.key, row.name, row.state, from_micros(row.changed), {}};
  if (is_due(row)) view.state = kExposed;
  if (const auto failure = failures.find(row.id); failure != failures.end())
    view.why = failure->second;
  return view;
}

Result<std::vector<DynamicView>> Vault::State::dynamic_views(const store::Where& where) {
  STRONGROOM_TRY(const auto rows, store.list<store::Dynamic>(where));
  std::vector<DynamicView> views;
  for (const auto& row : rows) views.push_back(view(row));
  return views;
}

void Vault::set_issuing(Issuing& issuing) {
  state_->issuing = &issuing;
}

Result<std::vector<DynamicId>> Vault::credentials_to_make(SessionId session) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto rows,
                 state.store.list<store::Dynamic>(
                     {{"session", store::to_value(session)}, {"state", std::string(kMinting)}}));
  std::vector<DynamicId> out;
  for (const auto& row : rows)
    if (state.making.contains(row.id)) out.push_back(row.id);
  return out;
}

Result<std::vector<DynamicId>> Vault::credentials_due() {
  STRONGROOM_TRY(const auto rows, state_->undestroyed());
  std::vector<DynamicId> out;
  for (const auto& row : rows)
    if (state_->is_due(row)) out.push_back(row.id);
  STRONGROOM_TRY(const auto grants, state_->owed_grants());
  for (const auto& row : grants)
    if (state_->is_due(row)) out.push_back(row.id);
  STRONGROOM_TRY(const auto values, state_->owed_values());
  for (const auto& row : values) out.push_back(row.id);
  return out;
}

/// Of one source, all that are neither destroyed nor to be, but this one.
Result<std::vector<dynamic::Neighbour>> Vault::State::neighbours_of(const store::Dynamic& row,
                                                                    const std::string& service) {
  STRONGROOM_TRY(const auto rows, undestroyed());
  std::vector<dynamic::Neighbour> out;
  for (const auto& each : rows) {
    if (each.id == row.id || is_due(each)) continue;
    STRONGROOM_TRY(const auto owner, key(each.key));
    if (owner.service == service) out.emplace_back(each.name, from_micros(each.created));
  }
  return out;
}

Result<dynamic::Job> Vault::job_of(DynamicId id, dynamic::Action action) {
  auto& state = *state_;
  STRONGROOM_TRY(auto login, state.ending_of(id));
  if (login) return std::move(*login);
  STRONGROOM_TRY(auto destruction, state.destruction_of(id));
  if (destruction) return std::move(*destruction);
  STRONGROOM_TRY(const auto row, state.by_id<store::Dynamic>(id));
  if (!row || row->state == kDestroyed)
    return fail(Code::NotFound, "There is no credential " + id.text() + " at a source.");
  STRONGROOM_TRY(const auto key, state.key(row->key));
  STRONGROOM_TRY(const auto session, state.session(row->session));
  dynamic::Job job;
  job.action = action;
  STRONGROOM_TRY(const auto source, dynamic::facts_of(key.service));
  job.source = source.source;
  job.authority = source.authority;
  STRONGROOM_TRY(job.settings, settings_of(key.settings));
  job.name = row->name;
  job.reference = row->reference;
  job.created = from_micros(row->created);
  job.expires = from_micros(session.expires);
  STRONGROOM_TRY(job.credential, state.hierarchy.open_own(place_of_means(id), row->means));
  if (action == dynamic::Action::Destroy && source.chooses_value) {
    STRONGROOM_TRY(job.neighbours, state.neighbours_of(*row, key.service));
  }
  if (action == dynamic::Action::Destroy || source.chooses_value) return job;
  STRONGROOM_TRY(const Secret password, state.hierarchy.open_own(place_of_value(id), row->value));
  std::array<std::uint8_t, 16> salt{};
  crypto::random(salt);
  job.verifier = job.source == dynamic::Source::Postgres
                     ? crypto::scram_sha256_verifier(password, salt)
                     : crypto::mysql_native_verifier(password);
  return job;
}

Status Vault::State::settle_credential(DynamicId id, std::string_view to, std::string_view action,
                                       const dynamic::Outcome& outcome) {
  return commit([&]() -> Status {
    STRONGROOM_TRY(auto row, by_id<store::Dynamic>(id));
    if (!row || row->state == kDestroyed) return {};
    if (!outcome.reference.empty()) row->reference = outcome.reference;
    if (!outcome.value.is_empty())
      row->value = hierarchy.seal_own(place_of_value(row->id), outcome.value);
    if (to == kLive && row->value.empty())
      return fail(Code::Unavailable, "The source has said nothing of what it made.",
                  "credential_not_made");
    row->state = to;
    row->changed = now();
    if (to == kDestroyed) {
      row->value.clear();
      row->means.clear();
    }
    STRONGROOM_CHECKED(store.update(*row));
    STRONGROOM_TRY(const auto owner, key(row->key));
    audit::Act facts;
    facts.tenant = owner.tenant;
    facts.session = row->session;
    facts.key = row->key;
    facts.service = owner.service;
    facts.detail = row->name;
    return act(Actor::installation("vault"), action, std::move(facts));
  });
}

Status Vault::note_making(DynamicId id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  const bool was_made = outcome.error.empty();
  Status noted;
  if (was_made)
    noted = state.settle_credential(id, kLive, "credential.make", outcome);
  else if (!outcome.may_exist)
    noted = state.settle_credential(id, kDestroyed, "credential.not_made", {});
  state.making.erase(id);
  return noted;
}

Status Vault::note_destroying(DynamicId id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  const auto exposed = [&](std::string why) {
    state.failures[id] = why;
    return fail(outcome.code, std::move(why));
  };
  STRONGROOM_TRY(const bool was_pasted, state.settle_destruction(id, outcome));
  if (!outcome.error.empty()) return exposed(outcome.error);
  STRONGROOM_TRY(const bool was_login, state.settle_ending(id));
  if (was_pasted || was_login) {
    state.failures.erase(id);
    return state.store.forget_overwritten();
  }
  STRONGROOM_TRY(const auto row, state.by_id<store::Dynamic>(id));
  const bool may_come = row && row->state == kMinting && !outcome.may_exist &&
                        state.clock.wall() < from_micros(row->created) + state.making_time;
  if (may_come) return exposed("its making was cut short, and may not be over at the source");
  STRONGROOM_CHECKED(state.settle_credential(id, kDestroyed, "credential.destroy", {}));
  state.failures.erase(id);
  return state.store.forget_overwritten();
}

/// The part of a receipt that says what became of them.
Result<json::array> Vault::State::destroyed_part(const std::vector<DynamicId>& credentials,
                                                 bool& all_are) {
  json::array out;
  all_are = true;
  for (const auto& id : credentials) {
    STRONGROOM_TRY(const auto login, by_id<store::OAuthGrant>(id));
    if (login) {
      STRONGROOM_TRY(auto part, ending_part(*login));
      all_are = all_are && login->state == kDestroyed;
      out.push_back(std::move(part));
      continue;
    }
    STRONGROOM_TRY(const auto pasted, by_id<store::Destruction>(id));
    if (pasted) {
      STRONGROOM_TRY(auto part, destruction_part(*pasted));
      all_are = all_are && pasted->state == kDestroyed;
      out.push_back(std::move(part));
      continue;
    }
    STRONGROOM_TRY(const auto views, dynamic_views({{"id", store::to_value(id)}}));
    for (const auto& view : views) {
      const bool is_destroyed = view.state == kDestroyed;
      all_are = all_are && is_destroyed;
      json::object one{{"id", view.id.text()},
                       {"session", view.session.text()},
                       {"name", view.name},
                       {"state", is_destroyed ? kDestroyed : kExposed}};
      if (is_destroyed)
        one["at"] = to_rfc3339(view.changed);
      else
        one["why"] = view.why.empty() ? "the source has not answered yet" : view.why;
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace strongroom::vault
