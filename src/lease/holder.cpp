// SPDX-License-Identifier: Apache-2.0
#include "lease/holder.h"

#include <algorithm>

namespace strongroom::lease {
namespace {

constexpr std::size_t kLeasesPerFrame = 16'384;
constexpr std::size_t kMaxRounds = 8;

/// Sends one message per frame's worth of ids.
template <class Make>
void send_in_parts(const std::vector<LeaseId>& ids, Make make) {
  for (std::size_t from = 0; from < ids.size(); from += kLeasesPerFrame) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
    const auto size = std::min(kLeasesPerFrame, ids.size() - from);
    make(std::vector<LeaseId>(begin, begin + static_cast<std::ptrdiff_t>(size)));
  }
}

}  // namespace

bool Attachment::attach(Lease& lease) noexcept {
  detach();
  if (lease.has_ended_) return false;
  lease_ = &lease;
  next_ = lease.first_;
  if (next_ != nullptr) next_->previous_ = this;
  lease.first_ = this;
  return true;
}

void Attachment::detach() noexcept {
  if (lease_ == nullptr) return;
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (lease_->first_ == this) lease_->first_ = next_;
  lease_ = nullptr;
  previous_ = nullptr;
  next_ = nullptr;
}

bool Attachment::is_usable(SteadyTime now) const noexcept {
  return lease_ != nullptr && lease_->is_usable(now);
}

Holder::Holder(Hooks hooks) : hooks_(std::move(hooks)) {}

Holder::~Holder() {
  for (auto& [id, lease] : leases_) {
    lease->has_ended_ = true;
    cut_all(*lease, "lease_lost");
  }
}

Holder::Lookup Holder::lookup(const PassHash& pass_hash, std::string_view service,
                              SteadyTime now) noexcept {
  const auto found = index_.find(PassView{pass_hash, service});
  if (found == index_.end()) return {};
  PassEntry& entry = found->second;
  if (entry.lease != nullptr) {
    if (!entry.lease->is_usable(now)) return {};
    entry.lease->last_used_ = now;
    return {Found::Usable, entry.lease, nullptr};
  }
  if (entry.request != 0) return {Found::Pending, nullptr, nullptr};
  if (now >= entry.since + kDenialKept) return {};
  return {Found::Denied, nullptr, &entry.denial};
}

Status Holder::acquire(const PassHash& pass_hash, std::string_view service, SteadyTime now) {
  if (!is_connected_)
    return fail(Code::Unavailable, "The vault does not answer.", "vault_unavailable");
  if (pass_requests_.size() >= kMaxPending)
    return fail(Code::TooLarge, "Too many requests wait for the vault.", "busy");
  auto& entry = index_[PassKey{pass_hash, std::string(service)}];
  if (entry.request != 0) return {};
  if (entry.lease != nullptr) entry.lease->is_indexed_ = false;  // it has run out
  entry.lease = nullptr;
  entry.request = next_request_++;
  entry.since = now;
  pass_requests_.emplace(entry.request, PassRequest{{pass_hash, std::string(service)}, now});
  hooks_.send(Acquire{entry.request, pass_hash, std::string(service)});
  return {};
}

bool Holder::when_settled(const PassHash& pass_hash, std::string_view service,
                          std::function<void()> done) {
  const auto found = index_.find(PassView{pass_hash, service});
  if (found == index_.end() || found->second.request == 0) return false;
  found->second.waiters.push_back(std::move(done));
  return true;
}

void Holder::acquire_session(SessionId session, SteadyTime now, SessionDone done) {
  if (!is_connected_)
    return done(fail(Code::Unavailable, "The vault does not answer.", "vault_unavailable"));
  const auto request = next_request_++;
  session_requests_.emplace(request, SessionRequest{now, {}, std::move(done)});
  hooks_.send(AcquireSession{request, session});
}

Lease* Holder::find(const LeaseId& id) noexcept {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : found->second.get();
}

void Holder::confirm(GrantedLease&& granted, SteadyTime now, std::function<void(bool)> done) {
  if (!is_connected_) return done(false);
  Lease& lease = keep(std::move(granted), now);
  lease.good_until_ = SteadyTime{};
  lease.is_unconfirmed_ = true;
  confirmations_.insert_or_assign(lease.id(), std::move(done));
  rounds_.push_back({next_round_, now, {lease.id()}});
  hooks_.send(Renew{next_round_++, {lease.id()}});
}

void Holder::settle_confirmation(const LeaseId& id, bool is_usable) {
  const auto found = confirmations_.find(id);
  if (found == confirmations_.end()) return;
  const auto done = std::move(found->second);
  confirmations_.erase(found);
  done(is_usable);
}

Lease& Holder::keep(GrantedLease&& granted, SteadyTime sent) {
  auto lease = std::make_unique<Lease>();
  lease->granted_ = std::move(granted);
  lease->good_until_ = sent + kLeaseTime;
  lease->last_used_ = sent;
  auto& slot = leases_[lease->id()];
  if (slot != nullptr) {  // a vault never grants one id twice; if it does, the older one is over
    slot->has_ended_ = true;
    forget_pass(*slot);
    cut_all(*slot, "lease_lost");
  }
  slot = std::move(lease);
  adopt_orphan(*slot);
  return *slot;
}

/// What was attached to the same grant of the same key version over a channel that is gone goes on
/// under the new lease.
void Holder::adopt_orphan(Lease& lease) {
  if (!has_orphans_) return;
  for (auto& [id, other] : leases_) {
    const auto& was = other->granted_;
    const auto& is = lease.granted_;
    if (!other->is_orphaned_ || other->has_ended_ || was.grant != is.grant || was.key != is.key ||
        was.key_version != is.key_version)
      continue;
    while (other->first_ != nullptr) other->first_->attach(lease);
  }
}

void Holder::on_granted(Granted&& granted, SteadyTime now) {
  if (const auto session = session_requests_.find(granted.request);
      session != session_requests_.end()) {
    Lease& lease = keep(std::move(granted.lease), session->second.sent);
    session->second.leases.push_back(lease.id());
    return;
  }
  const auto request = pass_requests_.find(granted.request);
  if (request == pass_requests_.end()) {  // answered too late: nobody waits
    if (is_connected_) hooks_.send(Release{{granted.lease.lease}});
    return;
  }
  const PassRequest asked = std::move(request->second);
  pass_requests_.erase(request);
  const auto entry = index_.find(PassView{asked.pass.hash, asked.pass.service});
  if (entry == index_.end() || entry->second.request != granted.request) return;
  Lease& lease = keep(std::move(granted.lease), asked.sent);
  lease.pass_hash_ = asked.pass.hash;
  lease.is_indexed_ = true;
  lease.last_used_ = now;
  entry->second.lease = &lease;
  entry->second.request = 0;
  const auto waiters = std::exchange(entry->second.waiters, {});
  for (const auto& waiter : waiters) waiter();
}

void Holder::on_all_granted(const AllGranted& done) {
  const auto found = session_requests_.find(done.request);
  if (found == session_requests_.end()) return;
  SessionRequest request = std::move(found->second);
  session_requests_.erase(found);
  request.done(std::move(request.leases));
}

void Holder::on_denied(const Denied& denied, SteadyTime now) {
  if (const auto session = session_requests_.find(denied.request);
      session != session_requests_.end()) {
    const auto done = std::move(session->second.done);
    session_requests_.erase(session);
    return done(fail(denied.code, denied.message, denied.reason));
  }
  const auto request = pass_requests_.find(denied.request);
  if (request == pass_requests_.end()) return;
  const auto entry = index_.find(PassView{request->second.pass.hash, request->second.pass.service});
  const bool is_current = entry != index_.end() && entry->second.request == denied.request;
  pass_requests_.erase(request);
  if (is_current) deny(entry, {denied.code, denied.reason, denied.message, denied.session}, now);
}

void Holder::deny(Index::iterator entry, Denial denial, SteadyTime now) {
  entry->second.request = 0;
  entry->second.since = now;
  entry->second.denial = std::move(denial);
  denials_.emplace_back(entry->first, now);
  const auto waiters = std::exchange(entry->second.waiters, {});
  forget_old_denials(now);
  for (const auto& waiter : waiters) waiter();
}

void Holder::on_renewed(const Renewed& renewed, SteadyTime now) {
  const auto round = std::ranges::find(rounds_, renewed.round, &Round::number);
  if (round == rounds_.end()) return;
  auto asked = std::move(round->leases);
  const SteadyTime until = round->sent + kLeaseTime;
  rounds_.erase(round);
  std::ranges::sort(asked);
  for (const auto& id : renewed.leases) {
    const auto place = std::ranges::lower_bound(asked, id);
    Lease* lease = find(id);
    if (place == asked.end() || *place != id || lease == nullptr) continue;
    const bool was_unconfirmed = std::exchange(lease->is_unconfirmed_, false);
    if (was_unconfirmed || lease->is_usable(now))
      lease->good_until_ = std::max(lease->good_until_, until);
    if (was_unconfirmed) settle_confirmation(id, lease->is_usable(now));
  }
  auto kept = renewed.leases;
  std::ranges::sort(kept);
  for (const auto& id : asked)
    if (!std::ranges::binary_search(kept, id)) end(id, "lease_lost");
}

void Holder::on_fence(const Fence& fence) {
  std::vector<LeaseId> hit;
  for (const auto& [id, lease] : leases_) {
    const auto& granted = lease->granted_;
    const IdBytes& carried =
        fence.kind == FenceKind::Key ? granted.key.bytes() : granted.session.bytes();
    if (carried == fence.id) hit.push_back(id);
  }
  std::uint32_t closed = 0;
  for (const auto& id : hit) closed += end(id, fence.reason);
  if (hooks_.on_fenced) hooks_.on_fenced(fence, closed);
}

void Holder::on_refresh(const Refresh& refresh) {
  for (auto& [id, lease] : leases_)
    if (lease->granted_.key == refresh.key) forget_pass(*lease);
}

std::uint32_t Holder::cut_all(Lease& lease, std::string_view reason) {
  std::uint32_t count = 0;
  while (lease.first_ != nullptr) {
    Attachment& attachment = *lease.first_;
    attachment.detach();
    attachment.cut(reason);
    ++count;
  }
  return count;
}

void Holder::forget_pass(const Lease& lease) {
  if (!lease.is_indexed_) return;
  const auto entry = index_.find(PassView{lease.pass_hash_, lease.granted_.service});
  if (entry != index_.end() && entry->second.lease == &lease) index_.erase(entry);
  const auto owned = leases_.find(lease.id());
  if (owned != leases_.end()) owned->second->is_indexed_ = false;
}

std::uint32_t Holder::end(const LeaseId& id, std::string_view reason) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return 0;
  forget_pass(*found->second);
  const auto lease = std::move(found->second);  // cut() may come back to us
  leases_.erase(found);
  lease->has_ended_ = true;
  settle_confirmation(id, false);
  return cut_all(*lease, reason);
}

void Holder::release(const LeaseId& id) {
  Lease* lease = find(id);
  if (lease == nullptr) return;
  const bool is_known_to_vault = is_connected_ && !lease->is_orphaned_;
  end(id, "lease_lost");
  if (is_known_to_vault) hooks_.send(Release{{id}});
}

void Holder::on_channel_lost() {
  is_connected_ = false;
  rounds_.clear();
  for (auto& [id, lease] : leases_) lease->is_orphaned_ = true;
  has_orphans_ = !leases_.empty();
  std::vector<std::function<void()>> waiters;
  for (auto& [number, request] : pass_requests_) {
    const auto entry = index_.find(PassView{request.pass.hash, request.pass.service});
    if (entry == index_.end() || entry->second.request != number) continue;
    std::ranges::move(entry->second.waiters, std::back_inserter(waiters));
    index_.erase(entry);
  }
  pass_requests_.clear();
  const auto sessions = std::exchange(session_requests_, {});
  for (const auto& waiter : waiters) waiter();
  for (const auto& [number, request] : sessions)
    request.done(
        fail(Code::Unavailable, "The channel to the vault was lost.", "vault_unavailable"));
}

void Holder::tick(SteadyTime now) {
  end_expired(now);
  forget_old_denials(now);
  time_out_requests(now);
  if (!is_connected_ || now < last_round_ + kRenewEvery) return;
  last_round_ = now;
  release_unused(now);
  start_round(now);
}

std::vector<LeaseId> Holder::expired(SteadyTime now) const {
  std::vector<LeaseId> ids;
  for (const auto& [id, lease] : leases_)
    if (lease->is_unconfirmed_ ? now >= lease->last_used_ + kAcquireWaits || lease->is_orphaned_
                               : !lease->is_usable(now))
      ids.push_back(id);
  return ids;
}

void Holder::end_expired(SteadyTime now) {
  for (const auto& id : expired(now)) end(id, "lease_expired");
  if (has_orphans_)
    has_orphans_ =
        std::ranges::any_of(leases_, [](const auto& each) { return each.second->is_orphaned_; });
}

void Holder::forget_old_denials(SteadyTime now) {
  while (!denials_.empty() &&
         (denials_.size() > kMaxDenials || now >= denials_.front().second + kDenialKept)) {
    const auto& [pass, since] = denials_.front();
    const auto entry = index_.find(PassView{pass.hash, pass.service});
    const bool is_same = entry != index_.end() && entry->second.lease == nullptr &&
                         entry->second.request == 0 && entry->second.since == since;
    if (is_same) index_.erase(entry);
    denials_.pop_front();
  }
}

void Holder::time_out_requests(SteadyTime now) {
  std::vector<std::uint64_t> late;
  for (const auto& [number, request] : pass_requests_)
    if (now >= request.sent + kAcquireWaits) late.push_back(number);
  for (const auto number : late)
    on_denied(
        {number, Code::Unavailable, "vault_unavailable", "The vault does not answer in time.", {}},
        now);
  std::vector<std::uint64_t> late_sessions;
  for (const auto& [number, request] : session_requests_)
    if (now >= request.sent + kAcquireWaits) late_sessions.push_back(number);
  for (const auto number : late_sessions)
    on_denied(
        {number, Code::Unavailable, "vault_unavailable", "The vault does not answer in time.", {}},
        now);
}

void Holder::release_unused(SteadyTime now) {
  std::vector<LeaseId> unused;
  for (const auto& [id, lease] : leases_) {
    // A runner's leases last as long as its session: processes have the value. A check's are
    // released by who makes it.
    const bool is_of_a_pass = lease->pass_hash_ != PassHash{};
    if (!is_of_a_pass || lease->has_attachments() || lease->is_orphaned_) continue;
    // What is no longer found by its pass is of an older key version: kept only for what is
    // attached.
    if (!lease->is_indexed_ || now >= lease->last_used_ + kUnusedKept) unused.push_back(id);
  }
  for (const auto& id : unused) end(id, "lease_lost");
  send_in_parts(unused, [&](std::vector<LeaseId> part) { hooks_.send(Release{std::move(part)}); });
}

void Holder::start_round(SteadyTime now) {
  std::vector<LeaseId> ids;
  for (const auto& [id, lease] : leases_)
    if (!lease->is_orphaned_) ids.push_back(id);
  send_in_parts(ids, [&](std::vector<LeaseId> part) {
    rounds_.push_back({next_round_, now, part});
    hooks_.send(Renew{next_round_++, std::move(part)});
  });
  while (rounds_.size() > kMaxRounds + ids.size() / kLeasesPerFrame) rounds_.pop_front();
}

}  // namespace strongroom::lease
