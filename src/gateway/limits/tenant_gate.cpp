// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/tenant_gate.h"

#include <utility>

namespace strongroom::gateway {
namespace {

/// Tenants with nothing under way are kept, so that the next request allocates nothing; up to this.
constexpr std::size_t kKeptIdle = 4096;

}  // namespace

bool TenantGate::enter(TenantId tenant, Turn& turn) {
  turn.leave();
  if (tenants_.size() > kKeptIdle)
    std::erase_if(tenants_, [&](const auto& each) {
      return each.second.inside == 0 && each.second.queued == 0 && each.first != tenant;
    });
  Tenant& state = tenants_[tenant];
  // Who waits was first.
  if (state.inside >= most_ || state.queued > 0) return false;
  ++state.inside;
  turn.gate_ = this;
  turn.tenant_ = tenant;
  turn.place_ = Turn::Place::Inside;
  return true;
}

bool TenantGate::wait(TenantId tenant, Turn& turn, std::function<void()> on_turn) {
  turn.leave();
  Tenant& state = tenants_[tenant];
  if (state.queued >= waiting_) return false;
  ++state.queued;
  turn.gate_ = this;
  turn.tenant_ = tenant;
  turn.place_ = Turn::Place::Queue;
  turn.on_turn_ = std::move(on_turn);
  turn.previous_ = state.last;
  turn.next_ = nullptr;
  (state.last == nullptr ? state.first : state.last->next_) = &turn;
  state.last = &turn;
  return true;
}

void TenantGate::remove_from_queue(Tenant& tenant, Turn& turn) noexcept {
  (turn.previous_ == nullptr ? tenant.first : turn.previous_->next_) = turn.next_;
  (turn.next_ == nullptr ? tenant.last : turn.next_->previous_) = turn.previous_;
  turn.next_ = turn.previous_ = nullptr;
  --tenant.queued;
}

void TenantGate::Turn::leave() noexcept {
  if (place_ != Place::Nowhere) gate_->leave(*this);
}

void TenantGate::leave(Turn& turn) noexcept {
  Tenant& state = tenants_.find(turn.tenant_)->second;
  const auto place = std::exchange(turn.place_, Turn::Place::Nowhere);
  if (place == Turn::Place::Queue) {
    remove_from_queue(state, turn);
    turn.on_turn_ = nullptr;
  } else {
    --state.inside;
  }
  // The place goes to the next at once, so that nobody comes in between. Who is called may leave.
  const TenantId tenant = turn.tenant_;
  while (Turn* const next = next_to_enter(tenant)) {
    const auto on_turn = std::exchange(next->on_turn_, nullptr);
    if (on_turn) on_turn();
  }
}

/// It is inside now; null when nobody waits, or no place is free.
TenantGate::Turn* TenantGate::next_to_enter(TenantId tenant) noexcept {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return nullptr;
  Tenant& state = found->second;
  Turn* const next = state.first;
  if (next == nullptr || state.inside >= most_) return nullptr;
  remove_from_queue(state, *next);
  ++state.inside;
  next->place_ = Turn::Place::Inside;
  return next;
}

std::size_t TenantGate::inside(TenantId tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0 : found->second.inside;
}

std::size_t TenantGate::queued(TenantId tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0 : found->second.queued;
}

}  // namespace strongroom::gateway
