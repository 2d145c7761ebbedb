// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/quotas.h"

#include <algorithm>

namespace strongroom::gateway {
namespace {

/// While others may still use up what is left, or end: look again soon.
constexpr Duration kSoon = std::chrono::seconds(1);

}  // namespace

struct Quotas::Meter {
  lease::PolicyScope scope = lease::PolicyScope::Key;
  std::uint32_t requests_per_minute = 0;
  std::uint32_t concurrent = 0;
  std::uint64_t bytes_per_day = 0;
  catalog::Budget budget;
  TokenBucket rate;
  std::uint32_t running = 0;
  std::int64_t day = 0;
  lease::SpentToday own;
  lease::SpentToday others;
  std::uint64_t usual_units = 0;  ///< what a use has cost lately
  bool has_usual = false;

  void begin_day(std::int64_t today) {
    if (today <= day) return;
    day = today;
    own = {today, 0, 0};
    if (others.day < today) others = {today, 0, 0};
  }
  void learn(const lease::SpentToday& spent) {
    if (spent.day > others.day) others = spent;
    if (spent.day < others.day) return;
    others.bytes = std::max(others.bytes, spent.bytes);
    others.units = std::max(others.units, spent.units);
  }
  [[nodiscard]] std::uint64_t bytes() const { return own.bytes + others.bytes; }
  [[nodiscard]] std::uint64_t units() const { return own.units + others.units; }
};

Quotas::Quotas(const Clock& clock) : clock_(clock) {}
Quotas::~Quotas() = default;

std::int64_t Quotas::today() const {
  return std::chrono::floor<std::chrono::days>(clock_.wall()).time_since_epoch().count();
}

Duration Quotas::until_midnight() const {
  const WallTime now = clock_.wall();
  return std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1) - now;
}

Quotas::Meter& Quotas::meter_of(const lease::GrantedPolicy& policy, std::int64_t today) {
  auto& slot = meters_[policy.id];
  if (slot == nullptr) slot = std::make_unique<Meter>();
  Meter& meter = *slot;
  meter.scope = policy.scope;
  meter.requests_per_minute = policy.policy.requests_per_minute;
  meter.concurrent = policy.policy.concurrent;
  meter.bytes_per_day = policy.policy.bytes_per_day;
  if (meter.budget != policy.policy.budget) {
    // Another unit's sum is not this one's.
    if (meter.budget.unit != policy.policy.budget.unit) {
      meter.own.units = meter.others.units = meter.usual_units = 0;
      meter.has_usual = false;
    }
    meter.budget = policy.policy.budget;
  }
  meter.begin_day(today);
  meter.learn(policy.by_others);
  return meter;
}

std::optional<Excess> Quotas::excess_of(const Meter& meter, SteadyTime now) const {
  std::optional<Excess> longest;
  const auto note = [&](Excess::What what, Duration wait) {
    if (!longest || wait > longest->retry_after) longest = Excess{what, meter.scope, wait};
  };
  if (!meter.budget.unit.empty()) {
    const std::uint64_t left = meter.budget.per_day - std::min(meter.budget.per_day, meter.units());
    if (left == 0) {
      note(Excess::What::Budget, until_midnight());
    } else if (meter.running > 0 && meter.usual_units > (left - 1) / meter.running) {
      // Those under way will cost something too (threats.md N7): as much as uses did lately.
      note(Excess::What::Budget, kSoon);
    }
  }
  if (meter.bytes_per_day > 0 && meter.bytes() >= meter.bytes_per_day)
    note(Excess::What::Bytes, until_midnight());
  if (meter.requests_per_minute > 0) {
    const Duration wait = meter.rate.wait(meter.requests_per_minute, now);
    if (wait > Duration(0)) note(Excess::What::Rate, wait);
  }
  if (meter.concurrent > 0 && meter.running >= meter.concurrent)
    note(Excess::What::Concurrent, kSoon);
  return longest;
}

std::optional<Excess> Quotas::begin(std::span<const lease::GrantedPolicy> policies,
                                    Metered& metered, Use& use) {
  use.end({});
  if (policies.empty()) return std::nullopt;
  const auto now = clock_.steady();
  const auto day = today();
  std::array<Meter*, lease::kMaxPolicies> meters{};
  std::size_t count = 0;
  std::optional<Excess> worst;
  for (const auto& policy : policies.first(std::min(policies.size(), meters.size()))) {
    Meter& meter = meter_of(policy, day);
    meters[count++] = &meter;
    const auto excess = excess_of(meter, now);
    if (excess && (!worst || excess->retry_after > worst->retry_after)) worst = excess;
  }
  if (worst) return worst;
  bool is_watched = false;
  for (Meter* meter : std::span(meters).first(count)) {
    if (meter->requests_per_minute > 0) meter->rate.take(meter->requests_per_minute, now);
    ++meter->running;
    is_watched = is_watched || meter->bytes_per_day > 0;
  }
  use.quotas_ = this;
  use.meters_ = meters;
  use.count_ = count;
  use.charged_ = 0;
  use.was_told_ = false;
  if (is_watched) {
    use.metered_ = &metered;
    use.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &use;
    first_ = &use;
  }
  return std::nullopt;
}

void Quotas::charge(Use& use, std::uint64_t octets) noexcept {
  if (octets <= use.charged_) return;
  for (Meter* meter : std::span(use.meters_).first(use.count_)) {
    meter->begin_day(today());
    meter->own.bytes += octets - use.charged_;
  }
  use.charged_ = octets;
}

void Quotas::Use::end(const Cost& cost) noexcept {
  if (quotas_ == nullptr) return;
  Quotas& quotas = *std::exchange(quotas_, nullptr);
  quotas.charge(*this, cost.bytes);
  for (Meter* meter : std::span(meters_).first(count_)) {
    --meter->running;
    if (meter->budget.unit.empty() || meter->budget.unit != cost.unit) continue;
    meter->begin_day(quotas.today());
    meter->own.units += cost.units;
    if (!cost.is_usual) continue;
    meter->usual_units = meter->has_usual ? (3 * meter->usual_units + cost.units) / 4 : cost.units;
    meter->has_usual = true;
  }
  if (metered_ == nullptr) return;
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (quotas.first_ == this) quotas.first_ = next_;
  metered_ = nullptr;
  next_ = previous_ = nullptr;
}

void Quotas::learn(PolicyId policy, const lease::SpentToday& by_others) {
  const auto found = meters_.find(policy);
  if (found != meters_.end()) found->second->learn(by_others);
}

Quotas::Use* Quotas::next_over_limit(Excess& excess) {
  for (Use* use = first_; use != nullptr; use = use->next_) {
    if (use->was_told_) continue;
    for (const Meter* meter : std::span(use->meters_).first(use->count_)) {
      if (meter->bytes_per_day == 0 || meter->bytes() < meter->bytes_per_day) continue;
      excess = {Excess::What::Bytes, meter->scope, until_midnight()};
      return use;
    }
  }
  return nullptr;
}

void Quotas::tick() {
  for (Use* use = first_; use != nullptr; use = use->next_)
    charge(*use, use->metered_->octets_so_far());
  // Ending one may end others: the list is read anew each time.
  Excess excess;
  for (Use* use = next_over_limit(excess); use != nullptr; use = next_over_limit(excess)) {
    use->was_told_ = true;
    use->metered_->end_over_limit(excess);
  }
  const auto day = today();
  std::erase_if(meters_, [&](const auto& each) {
    return each.second->running == 0 && each.second->day < day;
  });
}

}  // namespace strongroom::gateway
