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
    return;
  }
  if (state.first == nullptr) {
    --state.inside;
    return;
  }
  // The place goes to the next at once, so that nobody comes in between.
  Turn& next = *state.first;
  remove_from_queue(state, next);
  next.place_ = Turn::Place::Inside;
  const auto on_turn = std::exchange(next.on_turn_, nullptr);
  if (on_turn) on_turn();
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
