// SPDX-License-Identifier: Apache-2.0
#include "vault/activity.h"

namespace strongroom::vault {

Activity::Entry* Activity::find(SessionId session) {
  const auto found = entries_.find(session);
  return found == entries_.end() ? nullptr : &found->second;
}

void Activity::begin(SessionId session, std::chrono::seconds idle_limit, Moment now) {
  Entry& entry = entries_[session];
  entry.idle_limit = idle_limit;
  entry.last = now;
}

void Activity::end(SessionId session) {
  entries_.erase(session);
}

void Activity::note(SessionId session, Moment now) {
  if (Entry* entry = find(session)) entry->last = now;
}

void Activity::use_begun(SessionId session, HolderId holder, Moment now) {
  Entry* entry = find(session);
  if (entry == nullptr) return;
  entry->last = now;
  ++entry->sums.uses;
  ++entry->under_way[holder];
}

void Activity::use_settled(SessionId session, HolderId holder, std::uint64_t bytes_up,
                           std::uint64_t bytes_down, Moment now) {
  Entry* entry = find(session);
  if (entry == nullptr) return;
  entry->last = now;
  entry->sums.bytes_up += bytes_up;
  entry->sums.bytes_down += bytes_down;
  const auto under_way = entry->under_way.find(holder);
  if (under_way != entry->under_way.end() && --under_way->second == 0)
    entry->under_way.erase(under_way);
}

void Activity::add_earlier(SessionId session, std::uint64_t uses, std::uint64_t bytes_up,
                           std::uint64_t bytes_down) {
  Entry* entry = find(session);
  if (entry == nullptr) return;
  entry->sums.uses += uses;
  entry->sums.bytes_up += bytes_up;
  entry->sums.bytes_down += bytes_down;
}

void Activity::forget_holder(HolderId holder, Moment now) {
  for (auto& [session, entry] : entries_)
    if (entry.under_way.erase(holder) > 0) entry.last = now;
}

std::optional<Activity::Seen> Activity::seen(SessionId session) const {
  const auto found = entries_.find(session);
  if (found == entries_.end()) return std::nullopt;
  Seen out = found->second.sums;
  out.last_active = found->second.last.wall;
  for (const auto& [holder, count] : found->second.under_way) out.under_way += count;
  return out;
}

std::vector<SessionId> Activity::idle(SteadyTime now) const {
  std::vector<SessionId> out;
  for (const auto& [session, entry] : entries_)
    if (entry.idle_limit.count() > 0 && entry.under_way.empty() &&
        now - entry.last.steady >= entry.idle_limit)
      out.push_back(session);
  return out;
}

}  // namespace strongroom::vault
