// SPDX-License-Identifier: Apache-2.0
#include "lease/grantor.h"

#include <algorithm>

#include "crypto/crypto.h"

namespace strongroom::lease {

Grantor::Grantor(Hooks hooks) : hooks_(std::move(hooks)) {}

void Grantor::add_holder(HolderId id, const HolderHello& hello, SteadyTime now) {
  holders_[id] = {hello, true, now, {}, {}, {}};
}

void Grantor::lose_holder(HolderId id, SteadyTime now, Departure departure) {
  const auto found = holders_.find(id);
  if (found == holders_.end()) return;
  HolderState& holder = found->second;
  holder.is_live = false;
  if (holder.hello.role == HolderRole::Runner && holder.hello.supervisor != 0 &&
      departure == Departure::Lost)
    holder.speaks_until = now + kSupervisorSpeaks;
  std::vector<std::uint64_t> answered;
  for (auto& [number, order] : orders_) {
    const auto waiting = order.waiting.find(id);
    if (waiting == order.waiting.end()) continue;
    // It said that all of its session is over, which answers what it has not heard any more.
    if (departure == Departure::InOrder) {
      answered.push_back(number);
      continue;
    }
    // Whoever waits for its acknowledgement waits for the last of its leases instead.
    SteadyTime until = std::max(now, holder.speaks_until);
    for (const auto& [lease, state] : leases_)
      if (state.holder == id && concerns(order.kind, order.id, state.facts))
        until = std::max(until, state.runs_out);
    waiting->second.until = until;
  }
  for (const auto number : answered) on_fence_done(id, {number, 0, {}}, now);
  if (holder.report) settle_by_report(id, holder, now);
  forget_gone_holders(now);
}

bool Grantor::on_supervisor_report(SessionId session, const std::string& supervisor,
                                   const std::vector<ProcessOutcome>& processes, SteadyTime now) {
  bool is_news = false;
  std::vector<HolderId> settled;
  for (auto& [id, holder] : holders_) {
    if (holder.hello.role != HolderRole::Runner || holder.hello.session != session) continue;
    is_news = is_news || !holder.report;
    holder.report = {supervisor, processes};
    if (!holder.is_live) settled.push_back(id);
  }
  for (const auto& id : settled) settle_by_report(id, holders_.at(id), now);
  return is_news;
}

/// A dead runner has no leases, and is waited for no more.
void Grantor::settle_by_report(HolderId id, const HolderState& holder, SteadyTime now) {
  std::vector<LeaseId> over;
  for (const auto& [lease, state] : leases_)
    if (state.holder == id) over.push_back(lease);
  for (const auto& lease : over) end(leases_.find(lease), now);
  std::vector<std::uint64_t> touched;
  for (auto& [number, order] : orders_) {
    if (order.waiting.erase(id) == 0) continue;
    order.outcomes.push_back(outcome_of(id, holder, now));
    touched.push_back(number);
  }
  for (const auto number : touched) complete_if_done(number);
}

const HolderHello* Grantor::find(HolderId id) const {
  const auto found = holders_.find(id);
  return found == holders_.end() || !found->second.is_live ? nullptr : &found->second.hello;
}

bool Grantor::grant(HolderId holder, GrantedLease& lease, SteadyTime received) {
  LeaseFacts facts{lease.tenant, lease.member,      lease.session, lease.grant,
                   lease.key,    lease.key_version, lease.service, lease.label};
  if (find(holder) == nullptr || is_fenced(facts)) return false;
  // Once for each key, however often its token was renewed.
  if (auto& state = holders_[holder]; state.hello.role == HolderRole::Runner) {
    const auto same = std::ranges::find(state.given, facts.grant, &LeaseFacts::grant);
    if (same == state.given.end())
      state.given.push_back(facts);
    else
      *same = facts;
  }
  lease.lease = crypto::random_id<LeaseId>();
  leases_.emplace(lease.lease,
                  LeaseState{holder, std::move(facts), received + kLeaseTime + kMargin, received});
  return true;
}

void Grantor::on_renew(HolderId holder, const Renew& renew, SteadyTime received) {
  Renewed answer{renew.round, {}};
  answer.leases.reserve(renew.leases.size());
  for (const auto& id : renew.leases) {
    const auto found = leases_.find(id);
    if (found == leases_.end() || found->second.holder != holder) continue;
    const auto& facts = found->second.facts;
    // What is left out keeps its time here: the holder may not have heard yet.
    if (is_fenced(facts) || is_outdated(holder, facts, received)) continue;
    if (!hooks_.may_continue(facts.session, facts.key)) continue;
    found->second.runs_out = std::max(found->second.runs_out, received + kLeaseTime + kMargin);
    answer.leases.push_back(id);
  }
  hooks_.send(holder, std::move(answer));
}

void Grantor::on_release(HolderId holder, const Release& release, SteadyTime now) {
  for (const auto& id : release.leases) {
    const auto found = leases_.find(id);
    if (found != leases_.end() && found->second.holder == holder) end(found, now);
  }
}

void Grantor::on_fence_done(HolderId holder, const FenceDone& done, SteadyTime now) {
  const auto order = orders_.find(done.order);
  if (order == orders_.end()) return;
  const auto waiting = order->second.waiting.find(holder);
  if (waiting == order->second.waiting.end()) return;
  FenceOutcome outcome = std::move(waiting->second.outcome);
  order->second.waiting.erase(waiting);
  outcome.how = FenceOutcome::How::Acknowledged;
  outcome.at = now;
  outcome.connections_closed = done.connections_closed;
  outcome.processes = done.processes;
  order->second.outcomes.push_back(std::move(outcome));
  end_of_order(holder, order->second, now);
  complete_if_done(done.order);
}

/// An acknowledged fence is the end of all that holder's leases that it concerned.
void Grantor::end_of_order(HolderId holder, const Order& order, SteadyTime now) {
  std::vector<LeaseId> over;
  for (const auto& [id, lease] : leases_)
    if (lease.holder == holder && concerns(order.kind, order.id, lease.facts)) over.push_back(id);
  for (const auto& id : over) end(leases_.find(id), now);
}

void Grantor::fence(FenceKind kind, const IdBytes& id, const std::string& reason,
                    std::chrono::milliseconds grace, SteadyTime now, FenceComplete complete) {
  const auto number = next_order_++;
  Order& order = orders_[number];
  order.kind = kind;
  order.id = id;
  order.complete = std::move(complete);
  std::map<HolderId, SteadyTime> holding;
  for (const auto& [lease, state] : leases_)
    if (concerns(kind, id, state.facts)) {
      auto& until = holding[state.holder];
      until = std::max(until, state.runs_out);
    }
  std::vector<HolderId> tell;
  for (const auto& [holder_id, holder] : holders_) {
    if (holder.is_live) tell.push_back(holder_id);
    const auto held = holding.find(holder_id);
    const bool is_runner = holder.hello.role == HolderRole::Runner;
    const bool has_given = std::ranges::any_of(
        holder.given, [&](const LeaseFacts& facts) { return concerns(kind, id, facts); });
    const bool is_its_session = kind == FenceKind::Session && holder.hello.session.bytes() == id;
    const bool may_speak = holder.is_live || now < holder.speaks_until;
    const bool runs_it =
        may_speak && is_runner && (has_given || is_its_session || had_before(holder, kind, id));
    FenceOutcome outcome = outcome_of(holder_id, holder, now);
    if (held == holding.end() && !runs_it) {
      if (holder.is_live && !is_runner) order.outcomes.push_back(std::move(outcome));
      continue;
    }
    if (!holder.is_live && holder.report) {
      order.outcomes.push_back(std::move(outcome));
      continue;
    }
    SteadyTime until = held == holding.end() ? now : held->second;
    until = std::max(until, holder.speaks_until);
    // A dead lease does not mean dead processes: a runner gets the time to end them and to say so.
    if (is_runner && holder.is_live) until = std::max(until, now + grace + kRunnerSlack);
    order.waiting.emplace(holder_id, Waiting{std::move(outcome), until});
  }
  const Fence message{number, kind, id, reason, static_cast<std::uint32_t>(grace.count())};
  for (const auto& holder : tell) hooks_.send(holder, message);
  complete_if_done(number);
}

/// It has come back to a vault that was started anew, and has not been granted again what its
/// processes still have.
bool Grantor::had_before(const HolderState& holder, FenceKind kind, const IdBytes& id) const {
  return kind == FenceKind::Key && holder.given.empty() && hooks_.was_given &&
         hooks_.was_given(holder.hello.session, KeyId(id));
}

FenceOutcome Grantor::outcome_of(HolderId id, const HolderState& holder, SteadyTime now) const {
  FenceOutcome outcome;
  outcome.holder = id;
  outcome.name = holder.hello.name;
  outcome.role = holder.hello.role;
  outcome.pid = holder.hello.pid;
  outcome.session = holder.hello.session;
  outcome.at = now;
  if (!holder.is_live && holder.report) {
    outcome.how = FenceOutcome::How::EndedBySupervisor;
    outcome.reported_by = holder.report->supervisor;
    outcome.processes = holder.report->processes;
  }
  return outcome;
}

std::vector<SessionHolder> Grantor::holders_of(SessionId session) const {
  std::map<HolderId, SessionHolder> found;
  for (const auto& [id, holder] : holders_)
    if (holder.is_live && holder.hello.role == HolderRole::Runner &&
        holder.hello.session == session)
      found[id].since = holder.since;
  for (const auto& [lease, state] : leases_) {
    if (state.facts.session != session) continue;
    const auto [place, is_new] = found.try_emplace(state.holder);
    auto& its = place->second;
    its.since = is_new ? state.since : std::min(its.since, state.since);
    const bool is_key = !state.facts.key.is_none();
    if (is_key && std::ranges::find(its.keys, state.facts.key) == its.keys.end())
      its.keys.push_back(state.facts.key);
  }
  std::vector<SessionHolder> out;
  for (auto& [id, its] : found) {
    const auto holder = holders_.find(id);
    if (holder == holders_.end()) continue;
    its.holder = id;
    its.name = holder->second.hello.name;
    its.role = holder->second.hello.role;
    std::ranges::sort(its.keys);
    out.push_back(std::move(its));
  }
  return out;
}

std::set<KeyId> Grantor::leased_keys() const {
  std::set<KeyId> keys;
  for (const auto& [id, lease] : leases_) keys.insert(lease.facts.key);
  return keys;
}

void Grantor::refresh(KeyId key) {
  std::vector<HolderId> tell;
  for (const auto& [id, holder] : holders_)
    if (holder.is_live) tell.push_back(id);
  for (const auto& id : tell) hooks_.send(id, Refresh{key});
}

void Grantor::announce_refresh(KeyId key) {
  std::vector<HolderId> tell;
  for (const auto& [id, holder] : holders_)
    if (holder.is_live &&
        std::ranges::find(holder.given, key, &LeaseFacts::key) != holder.given.end())
      tell.push_back(id);
  for (const auto& id : tell) hooks_.send(id, Refresh{key});
}

void Grantor::refresh(std::span<const KeyId> keys, SteadyTime now, std::function<void()> complete) {
  for (const auto& key : keys) refresh(key);
  Refreshing refreshing;
  refreshing.keys.insert(keys.begin(), keys.end());
  refreshing.waiting = who_holds(refreshing.keys);
  refreshing.renewed_until = now + kLeaseTime + kMargin;
  refreshing.complete = std::move(complete);
  if (refreshing.waiting.empty()) return refreshing.complete();
  // Messages stay in order: who answers this one has heard the others.
  const Refresh last{*refreshing.keys.begin(), next_order_++};
  const auto tell = refreshing.waiting;
  refreshes_.emplace(last.order, std::move(refreshing));
  for (const auto& id : tell)
    if (find(id) != nullptr) hooks_.send(id, last);
}

void Grantor::on_refresh_done(HolderId holder, const RefreshDone& done) {
  const auto found = refreshes_.find(done.order);
  if (found == refreshes_.end()) return;
  found->second.waiting.erase(holder);
  look_at_refreshes();
}

/// Completes those that nobody is waited for any more.
void Grantor::look_at_refreshes() {
  std::vector<std::function<void()>> complete;
  std::erase_if(refreshes_, [&](auto& each) {
    if (!each.second.waiting.empty()) return false;
    complete.push_back(std::move(each.second.complete));
    return true;
  });
  for (const auto& call : complete) call();
}

/// It was told that the lease is no longer good for new uses, and has not answered for too long.
bool Grantor::is_outdated(HolderId holder, const LeaseFacts& facts, SteadyTime now) const noexcept {
  return std::ranges::any_of(refreshes_, [&](const auto& each) {
    const Refreshing& refreshing = each.second;
    return now >= refreshing.renewed_until && refreshing.waiting.contains(holder) &&
           refreshing.keys.contains(facts.key);
  });
}

std::set<HolderId> Grantor::who_holds(const std::set<KeyId>& keys) const {
  std::set<HolderId> holders;
  for (const auto& [id, lease] : leases_)
    if (keys.contains(lease.facts.key)) holders.insert(lease.holder);
  return holders;
}

void Grantor::tick(SteadyTime now) {
  std::vector<std::uint64_t> touched;
  for (auto& [number, order] : orders_) {
    for (auto each = order.waiting.begin(); each != order.waiting.end();) {
      if (now < each->second.until) {
        ++each;
        continue;
      }
      FenceOutcome outcome = std::move(each->second.outcome);
      outcome.how = FenceOutcome::How::LeaseRanOut;
      outcome.at = now;
      // Of one that was lost, whoever asked for the fence knows more than its process.
      if (outcome.role == HolderRole::Runner && find(outcome.holder) != nullptr)
        outcome.processes.push_back({outcome.pid, outcome.name, false});
      order.outcomes.push_back(std::move(outcome));
      each = order.waiting.erase(each);
      touched.push_back(number);
    }
  }
  std::vector<LeaseId> over;
  for (const auto& [id, lease] : leases_)
    if (now >= lease.runs_out) over.push_back(id);
  for (const auto& id : over) end(leases_.find(id), now);
  for (auto& [number, refreshing] : refreshes_) {
    const auto holding = who_holds(refreshing.keys);
    std::erase_if(refreshing.waiting, [&](const auto& id) { return !holding.contains(id); });
  }
  look_at_refreshes();
  std::erase_if(ended_, [&](const auto& each) { return now >= each.second.at + kFactsKept; });
  forget_gone_holders(now);
  for (const auto number : touched) complete_if_done(number);
}

void Grantor::complete_if_done(std::uint64_t number) {
  const auto found = orders_.find(number);
  if (found == orders_.end() || !found->second.waiting.empty()) return;
  Order order = std::move(found->second);
  orders_.erase(found);
  order.complete(std::move(order.outcomes));
}

void Grantor::end(std::unordered_map<LeaseId, LeaseState>::iterator lease, SteadyTime now) {
  ended_.insert_or_assign(lease->first, Ended{std::move(lease->second.facts), now});
  leases_.erase(lease);
}

void Grantor::forget_gone_holders(SteadyTime now) {
  std::erase_if(holders_, [this, now](const auto& each) {
    if (each.second.is_live || now < each.second.speaks_until) return false;
    return std::ranges::none_of(
        leases_, [&](const auto& lease) { return lease.second.holder == each.first; });
  });
}

const LeaseFacts* Grantor::facts(const LeaseId& lease) const {
  if (const auto live = leases_.find(lease); live != leases_.end()) return &live->second.facts;
  const auto over = ended_.find(lease);
  return over == ended_.end() ? nullptr : &over->second.facts;
}

std::vector<HolderId> Grantor::live_holders(HolderRole role) const {
  std::vector<HolderId> ids;
  for (const auto& [id, holder] : holders_)
    if (holder.is_live && holder.hello.role == role) ids.push_back(id);
  return ids;
}

bool Grantor::concerns(FenceKind kind, const IdBytes& id, const LeaseFacts& facts) noexcept {
  return (kind == FenceKind::Key ? facts.key.bytes() : facts.session.bytes()) == id;
}

bool Grantor::is_fenced(const LeaseFacts& facts) const noexcept {
  return std::ranges::any_of(
      orders_, [&](const auto& each) { return concerns(each.second.kind, each.second.id, facts); });
}

}  // namespace strongroom::lease
