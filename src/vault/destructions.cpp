// Keys that were pasted, and whose provider ends them by a call that shows the key: with the revoke
// the value is kept aside, sealed, until the provider has confirmed that it is of no use.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/log.h"
#include "catalog/places.h"
#include "dynamic/pasted.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kOwed = "owed";
constexpr std::string_view kDestroyed = "destroyed";
constexpr std::string_view kLeft = "left";
/// As long a provider that answers, and goes on taking the key, is told again.
constexpr std::chrono::hours kLongestTold{24 * 7};

std::string place_of_destruction(DynamicId id) {
  return "destruction " + id.text();
}

bool is_taken(const catalog::Revocation& revocation, const Secret& value) {
  const auto starts_so = [&](const std::string& start) {
    return value.reveal([&](ByteView octets) { return text_of(octets).starts_with(start); });
  };
  return revocation.value_starts.empty() || std::ranges::any_of(revocation.value_starts, starts_so);
}

template <class List>
std::string json_list(const List& list) {
  json::array out;
  for (const auto& each : list) {
    if constexpr (std::is_same_v<std::decay_t<decltype(each)>, int>)
      out.emplace_back(std::to_string(each));
    else
      out.emplace_back(each);
  }
  return to_text(out);
}

Settings call_of(const catalog::Service& service) {
  const auto& [method, path, body, shows_key, starts] = service.revocation;
  json::object headers;
  for (const auto& [name, value] : service.check.headers) headers[name] = value;
  const auto named = [](std::string_view name, std::string value) {
    return std::pair(std::string(name), std::move(value));
  };
  return {named(dynamic::kPastedMethod, method),
          named(dynamic::kPastedBody, body),
          named(dynamic::kPastedHeader, service.inject.name),
          named(dynamic::kPastedScheme, service.inject.scheme),
          named(dynamic::kPastedShowsKey, shows_key ? "yes" : "no"),
          named(dynamic::kPastedHeaders, to_text(headers)),
          named(dynamic::kCheckMethod, service.check.method),
          named(dynamic::kCheckPath, service.check.path),
          named(dynamic::kCheckInvalidStatus, json_list(service.check.invalid_status)),
          named(dynamic::kCheckInvalidBody, json_list(service.check.invalid_body)),
          named(dynamic::kCheckValidBody, json_list(service.check.valid_despite_body))};
}

}  // namespace

/// With its key, whose record is erased next. A record that does not open keeps no key from being
/// revoked: there is nothing to tell the provider then, and no receipt says that it was told.
Status Vault::State::owe_value_in_transaction(const store::Key& key) {
  const auto* service = catalog.find(key.service);
  if (service == nullptr || service->revocation.method.empty()) return {};
  STRONGROOM_TRY(const auto settings, settings_of(key.settings));
  if (!catalog::place_of_check(*service, settings)) return {};
  STRONGROOM_TRY(const auto grants,
                 store.count<store::OAuthGrant>({{"key", store::to_value(key.id)}}));
  if (grants > 0) return {};
  const auto version = current_version(key);
  const auto value =
      version ? hierarchy.open(key, *version) : Result<Secret>(std::unexpected(version.error()));
  if (!value) {
    log(LogLevel::Warning, "provider_not_told",
        {{"key", key.id.text()}, {"why", value.error().message}});
    return {};
  }
  if (!is_taken(service->revocation, *value)) return {};
  store::Destruction row;
  row.id = crypto::random_id<DynamicId>();
  row.key = key.id;
  row.state = kOwed;
  row.value = hierarchy.seal_own(place_of_destruction(row.id), *value);
  row.created = row.changed = now();
  return store.insert(row);
}

Result<std::vector<store::Destruction>> Vault::State::owed_values() {
  return store.list<store::Destruction>({{"state", std::string(kOwed)}});
}

/// Nothing where it is no such id.
Result<std::optional<dynamic::Job>> Vault::State::destruction_of(DynamicId id) {
  STRONGROOM_TRY(const auto row, by_id<store::Destruction>(id));
  if (!row) return std::nullopt;
  if (row->state != kOwed) return fail(Code::NotFound, "The provider is told of it no more.");
  STRONGROOM_TRY(const auto owner, key(row->key));
  const auto* service = catalog.find(owner.service);
  STRONGROOM_TRY(const auto settings, settings_of(owner.settings));
  const auto place = service == nullptr || service->revocation.method.empty()
                         ? std::nullopt
                         : catalog::place_of_check(*service, settings);
  if (!place)
    return fail(Code::Unsupported, "the catalogue does not say any more how its provider is told");
  dynamic::Job job;
  job.action = dynamic::Action::Destroy;
  job.source = dynamic::Source::Provider;
  job.authority = place->text();
  job.reference = service->revocation.path;
  job.settings = call_of(*service);
  STRONGROOM_TRY(job.credential, hierarchy.open_own(place_of_destruction(id), row->value));
  return job;
}

/// False: it is no such id. What was refused for long is not told any longer.
Result<bool> Vault::State::settle_destruction(DynamicId id, const dynamic::Outcome& outcome) {
  STRONGROOM_TRY(const auto found, by_id<store::Destruction>(id));
  if (!found) return false;
  const bool is_over = clock.wall() - from_micros(found->created) > kLongestTold;
  const bool is_destroyed = outcome.error.empty();
  const bool is_left = !is_destroyed && is_over && outcome.code != Code::Unavailable;
  if (found->state != kOwed || (!is_destroyed && !is_left)) return true;
  STRONGROOM_CHECKED(commit_revocation([&]() -> Status {
    STRONGROOM_TRY(auto row, by_id<store::Destruction>(id));
    if (!row || row->state != kOwed) return {};
    row->state = is_destroyed ? kDestroyed : kLeft;
    row->value.clear();
    row->changed = now();
    STRONGROOM_CHECKED(store.update(*row));
    STRONGROOM_TRY(const auto owner, key(row->key));
    audit::Act facts;
    facts.tenant = owner.tenant;
    facts.member = owner.owner.value_or(MemberId());
    facts.key = owner.id;
    facts.service = owner.service;
    facts.detail = "label " + owner.label + (is_destroyed ? "" : ", " + outcome.error);
    return act(Actor::installation("vault"), is_destroyed ? "key.destroyed" : "key.not_destroyed",
               std::move(facts));
  }));
  return true;
}

/// How it is called in receipts.
Result<json::object> Vault::State::destruction_part(const store::Destruction& row) {
  STRONGROOM_TRY(const auto owner, key(row.key));
  const auto* service = catalog.find(owner.service);
  json::object out{
      {"id", row.id.text()},
      {"key", row.key.text()},
      {"name", (service == nullptr ? owner.service : service->title) + " '" + owner.label + "'"},
      {"state", row.state == kDestroyed ? kDestroyed : "still_exposed"}};
  const auto failure = failures.find(row.id);
  const std::string why =
      failure == failures.end() ? "the provider has not answered yet" : failure->second;
  if (row.state == kDestroyed)
    out["at"] = to_rfc3339(from_micros(row.changed));
  else if (row.state == kLeft)
    out["why"] =
        "the provider went on taking it when it was told to end it: delete it in its own "
        "console" +
        (service == nullptr ? std::string() : ", " + service->console_url);
  else
    out["why"] = why;
  return out;
}

/// For a new root key.
Status Vault::State::rewrap_destructions_in_transaction(const Hierarchy& next) {
  STRONGROOM_TRY(auto rows, owed_values());
  for (auto& row : rows) {
    STRONGROOM_TRY(row.value, hierarchy.rewrap_own(place_of_destruction(row.id), row.value, next));
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

}  // namespace strongroom::vault
