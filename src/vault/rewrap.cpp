// A new tenant key and a new epoch first, in one change: from then on everything is sealed under
// the new seed. Then the records, part by part; each part is a change of its own, so a crash loses
// nothing, and what is done is not done again. Then what is left is counted, which must be nothing,
// and only then the old seeds end. A revoke between two parts empties a record, and an empty one is
// never filled again. SPDX-License-Identifier: Apache-2.0
#include "vault/rewrap.h"

#include <algorithm>

#include "base/log.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

/// Keys in one change: some 5 ms, of the 2 s that leases last.
constexpr std::size_t kPart = 128;
/// What is only counted is cheaper.
constexpr std::size_t kCountedPart = 2048;

store::Where of(TenantId tenant) {
  return {{"tenant", store::to_value(tenant)}};
}

bool is_of_old_epoch(const store::KeyVersion& version, std::int64_t epoch) {
  return !version.record.empty() && version.epoch != epoch;
}

audit::Act facts_of(TenantId tenant, std::string detail) {
  audit::Act act;
  act.tenant = tenant;
  act.detail = std::move(detail);
  return act;
}

}  // namespace

Result<std::vector<store::Epoch>> Vault::State::living_epochs(TenantId tenant) {
  STRONGROOM_TRY(auto epochs, store.list<store::Epoch>(of(tenant)));
  std::erase_if(epochs, [](const store::Epoch& epoch) { return epoch.wrapped_seed.empty(); });
  std::ranges::sort(epochs, {}, &store::Epoch::number);
  return epochs;
}

/// A new tenant key, under which the living seeds are wrapped anew, and a new seed.
Result<store::Epoch> Vault::State::begin_epoch(const Actor& actor, store::Tenant tenant,
                                               std::vector<store::Epoch> living) {
  store::Epoch next;
  next.created = now();
  STRONGROOM_CHECKED(hierarchy.renew(tenant, living, next));
  STRONGROOM_CHECKED(commit([&]() -> Status {
    STRONGROOM_CHECKED(store.update(tenant));
    for (const auto& epoch : living) STRONGROOM_CHECKED(store.update(epoch));
    STRONGROOM_CHECKED(store.insert(next));
    audit::Act act = facts_of(tenant.id, "epoch " + std::to_string(next.number));
    act.outcome = "begun";
    return this->act(actor, "tenant.rewrap", std::move(act));
  }));
  hierarchy.forget(tenant.id);
  return next;
}

/// A new epoch, whatever is under way: the walk begins anew, and what runs goes on with it.
Status Vault::State::begin_new_rewrap(const Actor& actor, const store::Tenant& tenant,
                                      unsigned share) {
  STRONGROOM_TRY(const auto living, living_epochs(tenant.id));
  STRONGROOM_TRY(const auto keys, store.count<store::Key>(of(tenant.id)));
  STRONGROOM_TRY(const auto newest, begin_epoch(actor, tenant, living));
  note_begun(actor, tenant, newest, keys, share);
  return {};
}

void Vault::State::note_begun(const Actor& actor, const store::Tenant& tenant,
                              const store::Epoch& newest, std::int64_t keys, unsigned share) {
  Rewrap& rewrap = rewraps[tenant.id];
  rewrap = {};
  rewrap.actor = actor;
  rewrap.share = share;
  rewrap.view.tenant = tenant.name;
  rewrap.view.state = kRewrapRunning;
  rewrap.view.epoch = newest.number;
  rewrap.view.keys = static_cast<std::size_t>(keys);
  rewrap.view.begun = from_micros(newest.created);
}

Result<Vault::BegunRewrap> Vault::begin_rewrap(const Actor& actor, std::string_view name,
                                               unsigned share) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  if (share < 1 || share > 100)
    return fail(Code::Invalid, "the share of a rewrap is 1 to 100, in hundredths");
  STRONGROOM_TRY(const auto tenant, state.tenant(actor, name));
  const auto running = state.rewraps.find(tenant.id);
  if (running != state.rewraps.end() && running->second.view.state == kRewrapRunning) {
    running->second.share = share;
    return BegunRewrap{tenant.id, false};
  }
  STRONGROOM_TRY(const auto living, state.living_epochs(tenant.id));
  if (living.size() > 1) {
    STRONGROOM_TRY(const auto keys, state.store.count<store::Key>(of(tenant.id)));
    state.note_begun(actor, tenant, living.back(), keys, share);
  } else {
    STRONGROOM_CHECKED(state.begin_new_rewrap(actor, tenant, share));
  }
  return BegunRewrap{tenant.id, true};
}

Result<RewrapView> Vault::show_rewrap(const Actor& actor, std::string_view name) {
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  STRONGROOM_TRY(const auto tenant, state_->tenant_even_removed(actor, name));
  const auto found = state_->rewraps.find(tenant.id);
  if (found == state_->rewraps.end() || found->second.view.state.empty())
    return fail(Code::NotFound,
                "No rewrap of the tenant '" + tenant.name + "' has run since the start.");
  return found->second.view;
}

/// All versions of one key that still have a record, into the newest epoch.
Status Vault::State::rewrap_in_transaction(const store::Key& key, Rewrap& progress) {
  ++progress.view.seen;
  if (key.state == kRevoked) return {};
  STRONGROOM_TRY(auto versions, store.list<store::KeyVersion>({{"key", store::to_value(key.id)}}));
  for (auto& version : versions) {
    if (!is_of_old_epoch(version, progress.view.epoch)) continue;
    STRONGROOM_TRY(const Secret value, hierarchy.open(key, version));
    STRONGROOM_CHECKED(hierarchy.seal(key, version, value));
    STRONGROOM_CHECKED(store.update(version));
    ++progress.view.rewrapped;
  }
  return {};
}

/// The next keys into the new epoch; none when all of them were looked at.
Result<bool> Vault::State::rewrap_part(TenantId tenant, Rewrap& rewrap) {
  Rewrap next = rewrap;
  bool is_more = false;
  // One that is lost is done again: it need not wait for the disk.
  STRONGROOM_CHECKED(store.transact_lazily([&]() -> Status {
    STRONGROOM_TRY(const auto page, store.page<store::Key>(of(tenant), next.after, kPart));
    for (const auto& key : page.rows) STRONGROOM_CHECKED(rewrap_in_transaction(key, next));
    next.after = page.next;
    is_more = !page.rows.empty();
    return {};
  }));
  rewrap = std::move(next);
  return is_more;
}

/// The same walk again, which only counts.
Result<bool> Vault::State::count_part(TenantId tenant, Rewrap& rewrap) {
  STRONGROOM_TRY(const auto found, store.count_of_other_epochs(tenant, rewrap.view.epoch,
                                                               rewrap.after, kCountedPart));
  rewrap.view.left += static_cast<std::size_t>(found.value_or(0));
  return found.has_value();
}

Result<bool> Vault::step_rewrap(TenantId tenant) {
  auto& state = *state_;
  auto& rewrap = state.rewraps.at(tenant);
  // A shred of the tenant, removed meanwhile, has ended it.
  if (rewrap.view.state != kRewrapRunning) return false;
  STRONGROOM_TRY(const auto row, state.by_id<store::Tenant>(tenant));
  if (!row || row->state != kActive)
    return fail(Code::NotFound, "The tenant was removed meanwhile.", "tenant_removed");
  if (!rewrap.is_counting) {
    STRONGROOM_TRY(const bool is_more, state.rewrap_part(tenant, rewrap));
    if (is_more) return true;
    rewrap.is_counting = true;
    rewrap.after = 0;
    return true;
  }
  STRONGROOM_TRY(const bool is_more, state.count_part(tenant, rewrap));
  if (is_more) return true;
  STRONGROOM_CHECKED(state.finish_rewrap(tenant, rewrap));
  return false;
}

/// Nothing needs the old seeds any more: they end.
Status Vault::State::finish_rewrap(TenantId tenant, Rewrap& rewrap) {
  RewrapView& view = rewrap.view;
  if (view.left != 0)
    return fail(Code::Internal, std::to_string(view.left) +
                                    " records are of an old epoch still: its seed was kept.");
  STRONGROOM_TRY(auto living, living_epochs(tenant));
  STRONGROOM_CHECKED(commit([&]() -> Status {
    for (auto& epoch : living) {
      if (epoch.number == view.epoch) continue;
      epoch.wrapped_seed.clear();
      STRONGROOM_CHECKED(store.update(epoch));
    }
    return act(rewrap.actor, "tenant.rewrap",
               facts_of(tenant, "epoch " + std::to_string(view.epoch) + ", " +
                                    std::to_string(view.rewrapped) + " records, 0 left"));
  }));
  hierarchy.forget(tenant);
  view.is_forgotten = store.forget_overwritten().has_value();
  if (rewrap.shred) STRONGROOM_CHECKED(finish_shred(tenant, rewrap));
  (void)anchoring.anchor_newest();  // what was revoked is anchored already
  view.state = kRewrapDone;
  view.ended = clock.wall();
  return {};
}

/// What is done stays done; the next one goes on from there.
void Vault::fail_rewrap(TenantId tenant, const Error& error) {
  auto& rewrap = state_->rewraps.at(tenant);
  rewrap.view.state = kRewrapFailed;
  rewrap.view.why = error.message;
  rewrap.view.ended = state_->clock.wall();
  log(LogLevel::Error, "rewrap_failed", {{"tenant", tenant.text()}, {"why", error.message}});
  audit::Act act = facts_of(tenant, "epoch " + std::to_string(rewrap.view.epoch));
  act.outcome = "failed";
  (void)state_->act(rewrap.actor, "tenant.rewrap", std::move(act));
}

unsigned Vault::rewrap_share(TenantId tenant) const {
  return state_->rewraps.at(tenant).share;
}

Result<std::vector<std::string>> Vault::unfinished_rewraps() {
  STRONGROOM_TRY(const auto tenants, state_->tenants_of(Actor::installation("vault"), {}));
  std::vector<std::string> names;
  for (const auto& tenant : tenants) {
    STRONGROOM_TRY(const auto living, state_->living_epochs(tenant.id));
    if (living.size() > 1) names.push_back(tenant.name);
  }
  return names;
}

// ------------------------------------------------------------------------------------------------
// driving

namespace {

/// As long as leaves it its share of the time.
Duration pause_after(Duration worked, unsigned share) {
  return worked * static_cast<Duration::rep>(100 - share) / share;
}

}  // namespace

io::Task<void> run_rewrap(io::Loop& loop, Vault& vault, TenantId tenant) {
  for (;;) {
    const SteadyTime begun = loop.clock().steady();
    const Result<bool> is_more = vault.step_rewrap(tenant);
    if (!is_more) vault.fail_rewrap(tenant, is_more.error());
    if (!is_more || !*is_more) co_return;
    const Duration worked = loop.clock().steady() - begun;
    co_await loop.sleep(pause_after(worked, vault.rewrap_share(tenant)));
  }
}

Result<RewrapView> start_rewrap(io::Loop& loop, Vault& vault, const Actor& actor,
                                std::string_view tenant, unsigned share) {
  STRONGROOM_TRY(const auto begun, vault.begin_rewrap(actor, tenant, share));
  STRONGROOM_TRY(auto view, vault.show_rewrap(actor, tenant));
  if (begun.is_new) loop.spawn(run_rewrap(loop, vault, begun.tenant));
  return view;
}

void go_on_with_rewraps(io::Loop& loop, Vault& vault) {
  const auto tenants = vault.unfinished_rewraps();
  if (!tenants) return;
  for (const auto& tenant : *tenants) {
    const auto started =
        start_rewrap(loop, vault, Actor::installation("vault"), tenant, kRewrapShare);
    if (!started) log(LogLevel::Error, "rewrap_not_resumed", {{"why", started.error().message}});
  }
}

}  // namespace strongroom::vault
