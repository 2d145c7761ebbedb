// SPDX-License-Identifier: Apache-2.0
#include "vault/spending.h"

#include <algorithm>

namespace strongroom::vault {
namespace {

void grow(std::uint64_t& sum, std::uint64_t by) {
  sum = by > Spending::kMost - std::min(sum, Spending::kMost) ? Spending::kMost : sum + by;
}

}  // namespace

std::int64_t day_of(WallTime time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

void Spending::load(PolicyId policy, const Spent& spent) {
  sums_[policy].total = spent;
}

void Spending::add(PolicyId policy, HolderId holder, std::int64_t day, std::uint64_t bytes,
                   std::uint64_t units) {
  Sum& sum = sums_[policy];
  // A clock set back does not give a day's budget twice: what is later stays.
  day = std::max(day, sum.total.day);
  if (sum.total.day != day) sum = Sum{{day, 0, 0}, {}, false, false};
  grow(sum.total.bytes, bytes);
  grow(sum.total.units, units);
  if (sum.by_holder.size() < kMaxHolders || sum.by_holder.contains(holder)) {
    Spent& own = sum.by_holder[holder];
    grow(own.bytes, bytes);
    grow(own.units, units);
  }
  sum.is_unsaved = sum.has_grown = true;
}

Spent Spending::total(PolicyId policy, std::int64_t day) const {
  const auto found = sums_.find(policy);
  if (found == sums_.end() || found->second.total.day < day) return {day, 0, 0};
  return found->second.total;
}

Spent Spending::by_others(PolicyId policy, HolderId holder, std::int64_t day) const {
  Spent spent = total(policy, day);
  const auto found = sums_.find(policy);
  if (found == sums_.end() || found->second.total.day != spent.day) return spent;
  const auto own = found->second.by_holder.find(holder);
  if (own == found->second.by_holder.end()) return spent;
  spent.bytes -= std::min(spent.bytes, own->second.bytes);
  spent.units -= std::min(spent.units, own->second.units);
  return spent;
}

void Spending::forget_holder(HolderId holder) {
  for (auto& [policy, sum] : sums_)
    if (sum.by_holder.erase(holder) > 0) sum.has_grown = true;
}

void Spending::forget(PolicyId policy) {
  sums_.erase(policy);
}

void Spending::forget_units(PolicyId policy) {
  const auto found = sums_.find(policy);
  if (found == sums_.end()) return;
  found->second.total.units = 0;
  for (auto& [holder, spent] : found->second.by_holder) spent.units = 0;
  found->second.is_unsaved = true;
}

std::vector<std::pair<PolicyId, Spent>> Spending::unsaved() const {
  std::vector<std::pair<PolicyId, Spent>> out;
  for (const auto& [policy, sum] : sums_)
    if (sum.is_unsaved) out.emplace_back(policy, sum.total);
  return out;
}

void Spending::mark_saved() {
  for (auto& [policy, sum] : sums_) sum.is_unsaved = false;
}

std::vector<PolicyId> Spending::take_grown() {
  std::vector<PolicyId> out;
  for (auto& [policy, sum] : sums_)
    if (std::exchange(sum.has_grown, false)) out.push_back(policy);
  return out;
}

}  // namespace strongroom::vault
