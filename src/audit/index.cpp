// SPDX-License-Identifier: Apache-2.0
#include "audit/index.h"

#include <algorithm>
#include <mutex>

#include "audit/render.h"

namespace strongroom::audit {
namespace {

/// What an item is, so that a key's id is not taken for a session's.
enum class Item : std::uint8_t { Tenant, Key, Session, Member, Service, End };

/// FNV-1a.
std::uint64_t hash_of(Item item, ByteView octets) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto take = [&](std::uint8_t octet) { hash = (hash ^ octet) * 0x100000001b3U; };
  take(static_cast<std::uint8_t>(item));
  for (const std::uint8_t octet : octets) take(octet);
  return hash ^ (hash >> 29U);
}

template <class AnyId>
std::uint64_t hash_of(Item item, const AnyId& id) {
  return hash_of(item, id.view());
}

std::uint64_t hash_of_end(std::uint64_t use) {
  std::array<std::uint8_t, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::uint8_t>(use >> (8 * i));
  return hash_of(Item::End, ByteView(octets));
}

template <class Add>
void items_of(const Act& act, Add&& add) {
  add(hash_of(Item::Tenant, act.tenant));
  add(hash_of(Item::Member, act.member));
  add(hash_of(Item::Session, act.session));
  add(hash_of(Item::Key, act.key));
  add(hash_of(Item::Service, bytes_of(act.service)));
}
template <class Add>
void items_of(const Use& use, Add&& add) {
  add(hash_of(Item::Tenant, use.tenant));
  add(hash_of(Item::Member, use.member));
  add(hash_of(Item::Session, use.session));
  add(hash_of(Item::Key, use.key));
  add(hash_of(Item::Service, bytes_of(use.service)));
}
template <class Add>
void items_of(const Settled& settled, Add&& add) {
  add(hash_of_end(settled.use));
}
template <class Add>
void items_of(const Finding& finding, Add&& add) {
  add(hash_of(Item::Tenant, finding.tenant));
  add(hash_of(Item::Session, finding.session));
  add(hash_of(Item::Service, bytes_of(finding.service)));
}

unsigned bit_of(EntryKind kind) {
  return 1U << static_cast<unsigned>(kind);
}

constexpr unsigned kProbes = 4;
constexpr std::uint64_t kBits = 4096;

std::uint64_t probe(std::uint64_t hash, unsigned number) {
  return (hash + number * ((hash >> 32U) | 1U)) % kBits;
}

}  // namespace

void RecordIndex::Bloom::add(std::uint64_t hash) noexcept {
  for (unsigned i = 0; i < kProbes; ++i) {
    const std::uint64_t bit = probe(hash, i);
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

bool RecordIndex::Bloom::may_hold(std::uint64_t hash) const noexcept {
  for (unsigned i = 0; i < kProbes; ++i) {
    const std::uint64_t bit = probe(hash, i);
    if ((words_[bit / 64] & (std::uint64_t{1} << (bit % 64))) == 0) return false;
  }
  return true;
}

void RecordIndex::take(const Entry& entry, ReadFrom place) {
  if (newest_ && place <= *newest_) return;
  newest_ = place;
  if (in_open_ == kBlock) {
    // Here, as now the next one's place is known.
    const std::unique_lock lock(mutex_);
    blocks_.push_back(open_);
    tail_ = place;
    in_open_ = 0;
  }
  if (in_open_++ == 0) open_ = {entry.sequence, place, entry.time, entry.time, 0, {}};
  open_.earliest = std::min(open_.earliest, entry.time);
  open_.latest = std::max(open_.latest, entry.time);
  if (!std::holds_alternative<Settled>(entry.content)) open_.kinds |= bit_of(kind_of(entry));
  const auto add_item = [&](std::uint64_t hash) { open_.held.add(hash); };
  std::visit([&](const auto& content) { items_of(content, add_item); }, entry.content);
}

bool RecordIndex::may_match(const Block& block, const Filter& filter) {
  if (filter.before != 0 && block.first >= filter.before) return false;
  if (filter.from && block.latest < *filter.from) return false;
  if (filter.to && block.earliest >= *filter.to) return false;
  if (filter.kind && (block.kinds & bit_of(*filter.kind)) == 0) return false;
  if (filter.finding && (block.kinds & bit_of(EntryKind::Finding)) == 0) return false;
  const auto holds = [&](Item item, const auto& id) {
    return !id || block.held.may_hold(hash_of(item, *id));
  };
  return holds(Item::Tenant, filter.tenant) && holds(Item::Key, filter.key) &&
         holds(Item::Session, filter.session) && holds(Item::Member, filter.member) &&
         (!filter.service ||
          block.held.may_hold(hash_of(Item::Service, bytes_of(*filter.service))));
}

std::optional<RecordIndex::Candidate> RecordIndex::before(std::size_t below,
                                                          const Filter& filter) const {
  const std::shared_lock lock(mutex_);
  for (std::size_t number = std::min(below, blocks_.size()); number-- > 0;)
    if (may_match(blocks_[number], filter)) return Candidate{number, blocks_[number].place};
  return std::nullopt;
}

std::optional<RecordIndex::Candidate> RecordIndex::with_end(std::size_t from,
                                                            std::uint64_t use) const {
  const std::uint64_t hash = hash_of_end(use);
  const std::shared_lock lock(mutex_);
  for (std::size_t number = from; number < blocks_.size(); ++number)
    if (blocks_[number].held.may_hold(hash)) return Candidate{number, blocks_[number].place};
  return std::nullopt;
}

RecordIndex::Extent RecordIndex::extent() const {
  const std::shared_lock lock(mutex_);
  return {blocks_.size(), tail_};
}

}  // namespace strongroom::audit
